/** Seasons run from 1 September to 31 August; the first is that of Sentinel-2's launch (api/predict.py). */
const FIRST = 2015;
const SEPTEMBER = 8;

/** Seasons that can be mapped on a day, the newest first. */
export function seasons(today: Date): string[] {
  const newest = today.getMonth() >= SEPTEMBER ? today.getFullYear() : today.getFullYear() - 1;
  return Array.from({ length: newest - FIRST + 1 }, (_, i) => seasonOf(newest - i));
}

export function seasonOf(year: number): string {
  return `${year}-${year + 1}`;
}

/** The season that a new map begins with: the installation's, else the newest that is over, which most want to see whole. */
export function firstSeason(installations: string | null, today: Date): string {
  const all = seasons(today);
  if (installations !== null && all.includes(installations)) return installations;
  return all[1] ?? all[0] ?? seasonOf(FIRST);
}

/** The calendar year in which a season's crops stand. */
export function harvestYear(season: string): number {
  return Number(season.slice(0, 4)) + 1;
}
