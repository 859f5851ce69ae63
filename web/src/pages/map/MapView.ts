import Feature from "ol/Feature";
import OlMap from "ol/Map";
import View from "ol/View";
import { Attribution, ScaleLine, defaults as defaultControls } from "ol/control";
import { createEmpty, extend, getCenter, isEmpty, type Extent } from "ol/extent";
import GeoJSONFormat from "ol/format/GeoJSON";
import type Geometry from "ol/geom/Geometry";
import Point from "ol/geom/Point";
import Draw, { createBox } from "ol/interaction/Draw";
import Modify from "ol/interaction/Modify";
import { defaults as defaultInteractions } from "ol/interaction/defaults";
import Graticule from "ol/layer/Graticule";
import TileLayer from "ol/layer/Tile";
import VectorLayer from "ol/layer/Vector";
import { fromLonLat, toLonLat, transformExtent } from "ol/proj";
import type RenderEvent from "ol/render/Event";
import VectorSource from "ol/source/Vector";
import XYZ from "ol/source/XYZ";
import { getArea } from "ol/sphere";
import { Circle, Fill, Stroke, Style, Text } from "ol/style";
import type { Geometry as Area } from "../../api/hooks";
import type { Basemap } from "../../lib/config";
import { places, type Place } from "./gazetteer";
import { RasterLayer, type Raster, type Slot } from "./layers";

export type LonLat = readonly [number, number];
export type Tool = "polygon" | "rectangle" | null;
/** West, south, east, north in degrees. */
export type Bounds = readonly [number, number, number, number];

const Z: Record<Slot, number> = { base: 1, map: 2, right: 3 };
const FADE_MS = 700;
/** How long a picture that is replaced waits for the new one. */
const PATIENCE_MS = 4_000;
const LABELS_Z = 20;
const AOI_Z = 30;

interface Colors {
  ink: string;
  halo: string;
  line: string;
  accent: string;
}

const COLORS: Record<"light" | "dark", Colors> = {
  light: { ink: "#2b3832", halo: "rgba(246,245,240,0.9)", line: "rgba(40,60,50,0.16)", accent: "#0b3b28" },
  dark: { ink: "#d7e2db", halo: "rgba(15,21,18,0.9)", line: "rgba(200,220,210,0.13)", accent: "#ffffff" },
};

export interface Listeners {
  onDrawn: (area: Area) => void;
  onClick: (at: LonLat) => void;
  onMoved: (centre: LonLat, zoom: number) => void;
  onDrawing: (squareMetres: number | null) => void;
}

/** The map itself: OpenLayers behind the few verbs that the page needs. */
export class MapView {
  readonly map: OlMap;
  private readonly shown = new Map<Slot, RasterLayer>();
  private readonly aoi = new VectorSource();
  private readonly mark = new VectorSource();
  private readonly names = new VectorSource();
  private readonly aoiLayer: VectorLayer;
  private readonly markLayer: VectorLayer;
  private readonly nameLayer: VectorLayer;
  private graticule: Graticule | null = null;
  private draw: Draw | null = null;
  private readonly modify: Modify;
  private basemap: TileLayer<XYZ> | null = null;
  private swipe: number | null = null;
  private colors = COLORS.light;
  private padding: [number, number, number, number] = [40, 40, 40, 40];
  private readonly format = new GeoJSONFormat({ featureProjection: "EPSG:3857", dataProjection: "EPSG:4326" });

  constructor(
    target: HTMLElement,
    private readonly listeners: Listeners,
    extent: Bounds | null,
  ) {
    this.aoiLayer = new VectorLayer({ source: this.aoi, zIndex: AOI_Z });
    this.markLayer = new VectorLayer({ source: this.mark, zIndex: AOI_Z + 1 });
    this.nameLayer = new VectorLayer({ source: this.names, zIndex: LABELS_Z, declutter: true });
    this.modify = new Modify({ source: this.aoi });
    this.map = new OlMap({
      target,
      layers: [this.nameLayer, this.aoiLayer, this.markLayer],
      controls: defaultControls({ zoom: false, rotate: false, attribution: false }).extend([
        new ScaleLine({ minWidth: 80 }),
        new Attribution({ collapsible: true, collapsed: true }),
      ]),
      interactions: defaultInteractions({ altShiftDragRotate: false, pinchRotate: false }),
      view: new View({ center: fromLonLat([29.9, -19]), zoom: 6, maxZoom: 19, minZoom: 3, enableRotation: false }),
    });
    this.modify.setActive(false);
    this.map.addInteraction(this.modify);
    this.modify.on("modifyend", () => this.tellArea());
    this.names.addFeatures(places.map(labelOf));
    this.map.on("singleclick", (event) => {
      if (this.draw === null) this.listeners.onClick(lonLat(event.coordinate));
    });
    this.map.on("moveend", () => {
      const view = this.map.getView();
      const centre = view.getCenter();
      if (centre) this.listeners.onMoved(lonLat(centre), view.getZoom() ?? 0);
    });
    if (extent) this.fit(extent, { animate: false });
  }

  dispose(): void {
    this.map.setTarget(undefined);
    this.map.dispose();
  }

  setTheme(theme: "light" | "dark"): void {
    this.colors = COLORS[theme];
    if (this.graticule) this.map.removeLayer(this.graticule);
    this.graticule = new Graticule({
      strokeStyle: new Stroke({ color: this.colors.line, width: 1 }),
      showLabels: false,
      wrapX: false,
      zIndex: 0,
    });
    this.map.addLayer(this.graticule);
    this.nameLayer.setStyle((feature, resolution) => this.nameStyle(feature.get("place") as Place, resolution));
    this.aoiLayer.setStyle([
      new Style({ stroke: new Stroke({ color: this.colors.halo, width: 5 }), fill: new Fill({ color: "rgba(0,0,0,0.001)" }) }),
      new Style({ stroke: new Stroke({ color: this.colors.accent, width: 2.2 }) }),
    ]);
    this.markLayer.setStyle([
      new Style({ image: new Circle({ radius: 9, stroke: new Stroke({ color: this.colors.halo, width: 6 }) }) }),
      new Style({ image: new Circle({ radius: 9, stroke: new Stroke({ color: this.colors.accent, width: 2.5 }) }) }),
    ]);
  }

  /** Space that panels cover, in CSS pixels: top, right, bottom, left. */
  setPadding(padding: [number, number, number, number]): void {
    this.padding = padding;
  }

  setBasemap(basemap: Basemap | null): void {
    if (this.basemap) this.map.removeLayer(this.basemap);
    this.basemap = basemap
      ? new TileLayer({ zIndex: 0, source: new XYZ({ url: basemap.url, attributions: basemap.attribution }) })
      : null;
    if (this.basemap) this.map.addLayer(this.basemap);
  }

  /** Show these rasters and no others; a picture stays until the one in its place has come. */
  setRasters(rasters: readonly Raster[]): void {
    const wanted = new Map(rasters.map((one) => [one.slot, one] as const));
    for (const [slot, old] of this.shown) {
      if (!wanted.has(slot)) {
        this.map.removeLayer(old.layer);
        this.shown.delete(slot);
      }
    }
    for (const [slot, raster] of wanted) this.place(slot, raster);
    this.map.render();
  }

  private place(slot: Slot, raster: Raster): void {
    const old = this.shown.get(slot);
    if (old?.raster.key === raster.key && old.raster.muted === raster.muted) {
      old.hide(raster.hidden);
      old.layer.setOpacity(raster.opacity);
      return;
    }
    const next = new RasterLayer(raster, Z[slot]);
    next.layer.on("prerender", (event) => this.clip(event, slot));
    next.layer.on("postrender", unclip);
    this.shown.set(slot, next);
    this.map.addLayer(next.layer);
    this.markWhenSeen(slot, next);
    if (slot === "map" && !old) fadeIn(next.layer, raster.opacity);
    if (old) this.replace(old, next);
  }

  /** Tell the browser's timeline when the first pixels of a picture are on the screen: what visitors wait for. */
  private markWhenSeen(slot: Slot, next: RasterLayer): void {
    next.layer.getSource()?.once("tileloadend" as "change", () => {
      this.map.once("postrender", () => performance.mark(`geocrop:${slot}`));
    });
  }

  private replace(old: RasterLayer, next: RasterLayer): void {
    let done = false;
    const remove = () => {
      if (done) return;
      done = true;
      this.map.removeLayer(old.layer);
    };
    old.layer.setZIndex((next.layer.getZIndex() ?? 0) - 0.5);
    next.layer.getSource()?.on("tileloadend", () => window.setTimeout(remove, 250));
    window.setTimeout(remove, PATIENCE_MS);
  }

  /** Part of the width (0 to 1) left of which the first picture is shown, right of which the other; null: no swipe. */
  setSwipe(at: number | null): void {
    this.swipe = at;
    this.map.render();
  }

  private clip(event: RenderEvent, slot: Slot): void {
    const context = event.context as CanvasRenderingContext2D | undefined;
    if (!context?.canvas) return;
    context.save();
    const right = this.shown.has("right");
    const first = this.shown.has("map") ? "map" : "base";
    if (!right || this.swipe === null || (slot !== "right" && slot !== first)) return;
    const { width, height } = context.canvas;
    const edge = width * this.swipe;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.beginPath();
    if (slot === "right") context.rect(edge, 0, width - edge, height);
    else context.rect(0, 0, edge, height);
    context.clip();
  }

  setTool(tool: Tool): void {
    if (this.draw) this.map.removeInteraction(this.draw);
    this.draw = null;
    this.listeners.onDrawing(null);
    if (tool === null) return;
    const box = tool === "rectangle";
    const draw = new Draw({
      type: box ? "Circle" : "Polygon",
      ...(box ? { geometryFunction: createBox() } : {}),
      style: [
        new Style({ stroke: new Stroke({ color: this.colors.halo, width: 5 }) }),
        new Style({
          stroke: new Stroke({ color: this.colors.accent, width: 2.2, lineDash: [7, 6] }),
          fill: new Fill({ color: "rgba(26,106,71,0.12)" }),
          image: new Circle({ radius: 5, fill: new Fill({ color: this.colors.accent }), stroke: new Stroke({ color: this.colors.halo, width: 2 }) }),
        }),
      ],
    });
    draw.on("drawstart", (event) => {
      this.aoi.clear();
      event.feature.getGeometry()?.on("change", (change) => {
        this.listeners.onDrawing(squareMetres(change.target as Geometry));
      });
    });
    draw.on("drawend", (event) => {
      window.setTimeout(() => this.setTool(null)); // after the click that ended it
      const geometry = event.feature.getGeometry();
      if (geometry) this.listeners.onDrawn(this.areaOf(geometry));
    });
    this.draw = draw;
    this.map.addInteraction(draw);
  }

  /** Forget the corner that was drawn last. */
  removeLastPoint(): void {
    this.draw?.removeLastPoint();
  }

  setAoi(area: Area | null, editable: boolean): void {
    this.aoi.clear();
    const geometry = area && (this.format.readGeometry(area) as Geometry | null);
    if (geometry) this.aoi.addFeature(new Feature(geometry));
    this.modify.setActive(editable && area !== null);
  }

  setMark(at: LonLat | null): void {
    this.mark.clear();
    if (at) this.mark.addFeature(new Feature(new Point(fromLonLat([...at]))));
  }

  fit(bounds: Bounds, options: { animate?: boolean; maxZoom?: number } = {}): void {
    const extent = transformExtent([...bounds], "EPSG:4326", "EPSG:3857");
    if (isEmpty(extent) && extent[0] !== extent[2]) return;
    const duration = options.animate === false || calm() ? 0 : 500;
    this.map.getView().fit(extent, { padding: this.padding, duration, maxZoom: options.maxZoom ?? 17 });
  }

  goTo(centre: LonLat, zoom: number): void {
    const view = this.map.getView();
    view.setCenter(fromLonLat([...centre]));
    view.setZoom(zoom);
  }

  zoomBy(delta: number): void {
    const view = this.map.getView();
    view.animate({ zoom: (view.getZoom() ?? 6) + delta, duration: calm() ? 0 : 200 });
  }

  /** What of the world is to be seen, in degrees. */
  bounds(): Bounds {
    const extent = this.map.getView().calculateExtent(this.map.getSize());
    return transformExtent(extent, "EPSG:3857", "EPSG:4326") as unknown as Bounds;
  }

  /** Whether the middle of these bounds is to be seen, and not below a panel. */
  sees(bounds: Bounds): boolean {
    const view = this.map.getView();
    const [width = 0, height = 0] = this.map.getSize() ?? [];
    const [x = 0, y = 0] = view.getCenter() ?? [];
    const resolution = view.getResolution() ?? 1;
    const [east = 0, north = 0] = fromLonLat([...middleOf(bounds)]);
    const column = width / 2 + (east - x) / resolution;
    const row = height / 2 - (north - y) / resolution;
    const [top, right, bottom, left] = this.padding;
    return column > left && column < width - right && row > top && row < height - bottom;
  }

  /** Resolves when all that is to be seen has been drawn. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.map.once("rendercomplete", () => resolve());
      this.map.render();
    });
  }

  /** All that the map shows as one canvas, at the screen's resolution. */
  async picture(): Promise<HTMLCanvasElement> {
    await this.settled();
    const size = this.map.getSize() ?? [1, 1];
    const ratio = window.devicePixelRatio || 1;
    const canvas = document.createElement("canvas");
    canvas.width = (size[0] ?? 1) * ratio;
    canvas.height = (size[1] ?? 1) * ratio;
    const context = canvas.getContext("2d");
    if (!context) return canvas;
    const target = this.map.getTargetElement();
    context.fillStyle = target ? getComputedStyle(target as Element).backgroundColor : "#ffffff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    const layers = this.map.getViewport()?.querySelectorAll<HTMLCanvasElement>(".ol-layer canvas, canvas.ol-layer");
    for (const layer of layers ?? []) {
      if (layer.width === 0) continue;
      const holder = layer.parentElement ?? layer;
      context.globalAlpha = Number(holder.style.opacity || layer.style.opacity || 1);
      context.filter = getComputedStyle(holder).filter;
      const matrix = /^matrix\((.*)\)$/.exec(layer.style.transform)?.[1]?.split(",").map(Number);
      const [a = 1, b = 0, c = 0, d = 1, e = 0, f = 0] = matrix ?? [];
      context.setTransform(a * ratio, b, c, d * ratio, e * ratio, f * ratio);
      if (!matrix) context.setTransform(canvas.width / layer.width, 0, 0, canvas.height / layer.height, 0, 0);
      context.drawImage(layer, 0, 0);
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalAlpha = 1;
    context.filter = "none";
    return canvas;
  }

  private nameStyle(place: Place, resolution: number): Style | undefined {
    if (resolution > MAX_RESOLUTION[place.kind]) return undefined;
    const province = place.kind === "province";
    const point = place.kind === "city" || place.kind === "town";
    return new Style({
      ...(point ? { image: new Circle({ radius: place.kind === "city" ? 3.4 : 2.4, fill: new Fill({ color: this.colors.ink }), stroke: new Stroke({ color: this.colors.halo, width: 1.5 }) }) } : {}),
      text: new Text({
        text: province ? place.name.toUpperCase() : place.name,
        font: `${province ? "600 10.5px" : place.kind === "city" ? "650 13.5px" : "500 12px"} system-ui, sans-serif`,
        fill: new Fill({ color: this.colors.ink }),
        stroke: new Stroke({ color: this.colors.halo, width: 3 }),
        offsetY: point ? -11 : 0,
      }),
    });
  }

  private tellArea(): void {
    const geometry = this.aoi.getFeatures()[0]?.getGeometry();
    if (geometry) this.listeners.onDrawn(this.areaOf(geometry));
  }

  private areaOf(geometry: Geometry): Area {
    return this.format.writeGeometryObject(geometry, { decimals: 7, rightHanded: true }) as Area;
  }
}

/** From which zoom on a place has its name, in metres a pixel. */
const MAX_RESOLUTION: Record<Place["kind"], number> = { province: 0, city: 3_000, town: 700, district: 300 };

function labelOf(place: Place): Feature {
  const feature = new Feature(new Point(fromLonLat([place.lon, place.lat])));
  feature.set("place", place);
  return feature;
}

function lonLat(coordinate: readonly number[]): LonLat {
  const [lon = 0, lat = 0] = toLonLat([...coordinate]);
  return [lon, lat];
}

function unclip(event: RenderEvent): void {
  (event.context as CanvasRenderingContext2D | undefined)?.restore?.();
}

function calm(): boolean {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

function fadeIn(layer: TileLayer, to: number): void {
  if (calm()) return;
  layer.setOpacity(0);
  let started: number | null = null;
  const step = (now: number) => {
    started ??= now;
    const share = Math.min(1, (now - started) / FADE_MS);
    layer.setOpacity(to * share);
    if (share < 1) requestAnimationFrame(step);
  };
  layer.getSource()?.once("tileloadend" as "change", () => requestAnimationFrame(step));
  window.setTimeout(() => started === null && requestAnimationFrame(step), PATIENCE_MS);
}

/** The box around several, in degrees; null where there is none. */
export function unionOf(all: readonly Bounds[]): Bounds | null {
  const extent: Extent = createEmpty();
  all.forEach((one) => extend(extent, [...one]));
  return isEmpty(extent) ? null : (extent as unknown as Bounds);
}

export function middleOf(bounds: Bounds): LonLat {
  return getCenter([...bounds]) as unknown as LonLat;
}

function squareMetres(geometry: Geometry): number {
  return getArea(geometry);
}

/** Area of a geometry in degrees, in hectares: on a sphere, so within half a per cent of the API's. */
export function areaHa(area: Area): number {
  const geometry = new GeoJSONFormat().readGeometry(area, { featureProjection: "EPSG:3857" });
  return Math.abs(squareMetres(geometry as Geometry)) / 10_000;
}

/** The box around a geometry, in degrees. */
export function boundsOf(area: Area): Bounds {
  const geometry = new GeoJSONFormat().readGeometry(area) as Geometry;
  return geometry.getExtent() as unknown as Bounds;
}

/** A rectangle in degrees as a polygon. */
export function boxOf([west, south, east, north]: Bounds): Area {
  return {
    type: "Polygon",
    coordinates: [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
  };
}
