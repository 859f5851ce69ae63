import GeoJSONFormat from "ol/format/GeoJSON";
import type { Geometry as Area } from "../../api/hooks";

/** A file that holds no AOI; the message says what to do. */
export class UnreadableFile extends Error {}

/** Larger ones are no outlines of fields or districts. */
const MAX_BYTES = 20 * 1024 * 1024;
export const ACCEPTED = ".geojson,.json,.kml,.zip";

/** Read the one polygon, or all polygons as one, of a GeoJSON, KML or zipped shapefile. */
export async function readArea(file: File): Promise<{ area: Area; name: string }> {
  if (file.size > MAX_BYTES) throw new UnreadableFile("The file has more than 20 MB: upload the outline alone.");
  const features = await featuresOf(file);
  const polygons = features.flatMap(polygonsOf);
  if (polygons.length === 0) throw new UnreadableFile("The file holds no polygon: points and lines have no area.");
  checkDegrees(polygons);
  const [first] = polygons;
  const area: Area =
    polygons.length === 1 && first
      ? { type: "Polygon", coordinates: first }
      : { type: "MultiPolygon", coordinates: polygons };
  return { area, name: nameOf(features, file.name) };
}

async function featuresOf(file: File): Promise<GeoJSON.Feature[]> {
  const ending = file.name.toLowerCase().split(".").pop();
  if (ending === "zip") return fromShapefile(await file.arrayBuffer());
  if (ending === "kml") return fromKml(await file.text());
  if (ending === "json" || ending === "geojson") return fromGeoJson(await file.text());
  throw new UnreadableFile("Choose a GeoJSON (.geojson), a KML (.kml) or a zipped shapefile (.zip).");
}

function fromGeoJson(text: string): GeoJSON.Feature[] {
  let found: GeoJSON.GeoJSON;
  try {
    found = JSON.parse(text) as GeoJSON.GeoJSON;
  } catch {
    throw new UnreadableFile("This is no GeoJSON: the text could not be read as JSON.");
  }
  if (found?.type === "FeatureCollection") return found.features ?? [];
  if (found?.type === "Feature") return [found];
  if (found && "type" in found) return [{ type: "Feature", properties: {}, geometry: found }];
  throw new UnreadableFile("This is JSON, but no GeoJSON: it has no `type`.");
}

async function fromKml(text: string): Promise<GeoJSON.Feature[]> {
  const { default: KML } = await import("ol/format/KML");
  const features = new KML({ extractStyles: false }).readFeatures(text);
  return new GeoJSONFormat().writeFeaturesObject(features).features as GeoJSON.Feature[];
}

async function fromShapefile(bytes: ArrayBuffer): Promise<GeoJSON.Feature[]> {
  const { parseZip } = await import("shpjs");
  try {
    const found = await parseZip(bytes);
    return (Array.isArray(found) ? found : [found]).flatMap((one) => one.features as GeoJSON.Feature[]);
  } catch {
    throw new UnreadableFile("The zip holds no readable shapefile: it needs the .shp, .dbf and .prj beside each other.");
  }
}

function polygonsOf({ geometry }: GeoJSON.Feature): GeoJSON.Position[][][] {
  if (geometry?.type === "Polygon") return [flat(geometry.coordinates)];
  if (geometry?.type === "MultiPolygon") return geometry.coordinates.map(flat);
  if (geometry?.type === "GeometryCollection") {
    return geometry.geometries.flatMap((one) => polygonsOf({ type: "Feature", properties: {}, geometry: one }));
  }
  return [];
}

/** Without heights, which a map does not have. */
function flat(rings: GeoJSON.Position[][]): GeoJSON.Position[][] {
  return rings.map((ring) => ring.map(([lon = Number.NaN, lat = Number.NaN]) => [lon, lat]));
}

function checkDegrees(polygons: GeoJSON.Position[][][]): void {
  const fits = ([lon = Number.NaN, lat = Number.NaN]: GeoJSON.Position) => Math.abs(lon) <= 180 && Math.abs(lat) <= 90;
  if (!polygons.flat(2).every(fits)) {
    throw new UnreadableFile("The coordinates are not degrees: save the file in WGS 84 (EPSG:4326).");
  }
}

function nameOf(features: GeoJSON.Feature[], file: string): string {
  const said = features.length === 1 ? (features[0]?.properties?.name ?? features[0]?.properties?.Name) : null;
  return typeof said === "string" && said.trim() ? said.trim().slice(0, 120) : file.replace(/\.[^.]*$/, "").slice(0, 120);
}
