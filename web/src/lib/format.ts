const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const one = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const day = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", year: "numeric" });
const moment = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

/** Hectares for people: three figures are enough. */
export function hectares(value: number): string {
  return `${value < 100 ? one.format(value) : whole.format(value)} ha`;
}

/** An interval of hectares, without the unit: it stands under a number that has one. */
export function between(low: number, high: number): string {
  const format = high < 100 ? one : whole;
  return `${format.format(low)} to ${format.format(high)}`;
}

/** A share (0 to 1) in per cent. */
export function percent(share: number): string {
  const value = share * 100;
  return `${value > 0 && value < 10 ? one.format(value) : whole.format(value)} %`;
}

export function count(value: number): string {
  return whole.format(value);
}

export function date(iso: string): string {
  return day.format(new Date(iso));
}

export function dateTime(iso: string): string {
  return moment.format(new Date(iso));
}

/** A time to wait: "about 20 s", "about 3 min". */
export function duration(seconds: number): string {
  if (seconds < 1.5) return "about a second";
  if (seconds < 90) return `about ${whole.format(seconds)} s`;
  if (seconds < 5400) return `about ${whole.format(seconds / 60)} min`;
  return `about ${one.format(seconds / 3600)} h`;
}

export function place([lon, lat]: readonly [number, number]): string {
  const ew = lon < 0 ? "W" : "E";
  const ns = lat < 0 ? "S" : "N";
  return `${Math.abs(lat).toFixed(5)}° ${ns}, ${Math.abs(lon).toFixed(5)}° ${ew}`;
}
