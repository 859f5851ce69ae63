import { describe, expect, it } from "vitest";
import { findPlaces, places, titleOf } from "./gazetteer";
import { areasCsv, summaryOf } from "./Downloads";
import { lineOf } from "./Curve";
import { areaHa, boxOf } from "./MapView";
import { readArea, UnreadableFile } from "./readArea";
import { hideClasses, pixelOf } from "./tiles";
import { readView, START, writeView, type ViewState } from "./viewState";
import type { MapResult, Prediction } from "../../api/hooks";

describe("the permalink", () => {
  const view: ViewState = {
    year: 2019,
    compare: "m4683719e5def49a4b57fb87ee31c3b52",
    swipe: 0.25,
    opacity: 0.6,
    layer: "confidence",
    hidden: [3, 8],
    hiddenBase: [0],
    at: [31.07708, -17.26685, 16.89],
  };
  it("says all of a view", () => expect(readView(`?${writeView(view)}`)).toEqual(view));
  it("says nothing of what is as at the start", () => expect(writeView(START)).toBe(""));
  it("is not led astray by nonsense", () => {
    expect(readView("?year=1999&compare=<script>&swipe=9&opacity=x&layer=evil&hide=a.b&at=1_2")).toEqual(START);
  });
});

describe("tiles", () => {
  it("lose the pixels of hidden classes and no others", () => {
    const bytes = new Uint8ClampedArray([255, 225, 25, 255, 160, 82, 45, 255, 0, 0, 0, 0]);
    hideClasses(new Uint32Array(bytes.buffer), new Set([pixelOf("#ffe119")]));
    expect([...bytes]).toEqual([0, 0, 0, 0, 160, 82, 45, 255, 0, 0, 0, 0]);
  });
});

describe("the gazetteer", () => {
  it("lies in Zimbabwe and has all provinces", () => {
    expect(places.filter((one) => one.kind === "province")).toHaveLength(10);
    for (const { lon, lat } of places) {
      expect(lon > 25.1 && lon < 33.2 && lat > -22.6 && lat < -15.5).toBe(true);
    }
    const named = new Set(places.filter((one) => one.kind === "province").map((one) => one.name));
    expect(places.every((one) => one.kind === "province" || named.has(one.province))).toBe(true);
  });
  it("finds by the beginning first, whatever the case", () => {
    expect(findPlaces("mut").map((one) => one.name)).toContain("Mutare");
    expect(findPlaces("  GOKWE s").map(titleOf)).toEqual(["Gokwe South district, Midlands"]);
    expect(findPlaces("zzz")).toEqual([]);
  });
});

describe("an uploaded area", () => {
  const ring = [[31, -17.8], [31.01, -17.8], [31.01, -17.79], [31, -17.8]];
  const file = (text: string, name: string) => new File([text], name);
  it("is read from GeoJSON, whose parts become one", async () => {
    const feature = { type: "Feature", properties: { name: "Farm" }, geometry: { type: "Polygon", coordinates: [ring.map((one) => [...one, 1200])] } };
    const one = await readArea(file(JSON.stringify(feature), "x.geojson"));
    expect(one).toEqual({ area: { type: "Polygon", coordinates: [ring] }, name: "Farm" });
    const two = await readArea(file(JSON.stringify({ type: "FeatureCollection", features: [feature, feature] }), "fields.json"));
    expect([two.area.type, two.name]).toEqual(["MultiPolygon", "fields"]);
  });
  it("is read from KML", async () => {
    const corners = ring.map((one) => one.join(",")).join(" ");
    const kml = `<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><name>Dam</name><Polygon><outerBoundaryIs><LinearRing>
      <coordinates>${corners}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></kml>`;
    expect(await readArea(file(kml, "dam.kml"))).toEqual({ area: { type: "Polygon", coordinates: [ring] }, name: "Dam" });
  });
  it.each([
    ["{", "x.geojson", "could not be read as JSON"],
    ['{"a":1}', "x.json", "no GeoJSON"],
    ['{"type":"Point","coordinates":[31,-17]}', "x.json", "no polygon"],
    ['{"type":"Polygon","coordinates":[[[300000,8000000],[300100,8000000],[300100,8000100],[300000,8000000]]]}', "x.json", "not degrees"],
    ["PK", "x.zip", "no readable shapefile"],
    ["", "x.docx", "Choose a GeoJSON"],
  ])("is refused in words when it is none (%s)", async (text, name, words) => {
    const read = readArea(file(text, name));
    await expect(read).rejects.toThrow(UnreadableFile);
    await expect(read).rejects.toThrow(words);
  });
});

it("a box of a hundredth of a degree has the hectares that it has", () => {
  expect(areaHa(boxOf([31, -17.8, 31.01, -17.79]))).toBeCloseTo(117.7, 0);
});

it("a curve breaks where nothing is known", () => {
  expect(lineOf([0.1, null, 0.3, 0.4], (i) => i, (value) => value)).toBe("M0.0 0.1M2.0 0.3L3.0 0.4");
});

describe("what is downloaded", () => {
  const area = { code: 1, name: "maize", title: "Maize", color: "#ffe119", hectares: 5.01, share: 0.07512, mean_confidence: 72.4, interval: { estimated: 4.8, low: 4.1, high: 5.6 } };
  const result = { areas: [area], caveat: "counted", simulated: true, model_version: 2 } as unknown as MapResult;
  const prediction = { id: "p1", season: "2023-2024", aoi: { name: "Farm", area_ha: 66.9, bbox: [1, 2, 3, 4] } } as unknown as Prediction;
  it("is a table", () => {
    expect(areasCsv(result).split("\r\n")).toEqual([
      "code,class,hectares,share_percent,mean_confidence_percent,hectares_estimated,hectares_low,hectares_high",
      "1,Maize,5.01,7.512,72.4,4.8,4.1,5.6",
      "",
    ]);
    const plain = { ...result, areas: [{ ...area, interval: null }] };
    expect(areasCsv(plain).split("\r\n")[1]).toBe("1,Maize,5.01,7.512,72.4,,,");
  });
  it("and a GeoJSON feature", () => {
    expect(summaryOf(prediction, result, { type: "Polygon" })).toMatchObject({
      type: "Feature",
      bbox: [1, 2, 3, 4],
      properties: { season: "2023-2024", simulated: true, areas: [{ name: "maize", hectares: 5.01, interval: { low: 4.1 } }] },
    });
  });
});
