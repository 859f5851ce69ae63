/** What the server tells the page in its HTML (api/routes/web.py). */
export interface Basemap {
  title: string;
  url: string;
  attribution: string;
}

export interface Config {
  basemaps: Basemap[];
  /** West, south, east, north in degrees; null: the whole world. */
  extent: [number, number, number, number] | null;
  /** Season that a new map begins with, such as "2023-2024"; null: the last whole one. */
  defaultSeason: string | null;
  recruiterMaxAoiHa: number;
  dagsterUrl: string | null;
  mlflowUrl: string | null;
}

const DEFAULTS: Config = {
  basemaps: [],
  extent: [25.1, -22.6, 33.2, -15.5],
  defaultSeason: null,
  recruiterMaxAoiHa: 10_000,
  dagsterUrl: null,
  mlflowUrl: null,
};

function read(): Config {
  const text = document.getElementById("geocrop-config")?.textContent ?? "{}";
  return { ...DEFAULTS, ...(JSON.parse(text) as Partial<Config>) };
}

export const config: Config = read();

/** Path that the page stands under, without a slash at its end: "" or "/some/prefix". */
export const basePath: string = new URL(document.baseURI).pathname.replace(/\/$/, "");

/** Address of the API, without a slash at its end. */
export const apiUrl: string = `${window.location.origin}${basePath}`;
