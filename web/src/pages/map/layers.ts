import ImageTile from "ol/source/ImageTile";
import TileLayer from "ol/layer/Tile";
import { transformExtent } from "ol/proj";
import { createXYZ } from "ol/tilegrid";
import type { Schemas } from "../../api/client";
import { fetchTile, paint } from "./tiles";

export type TileJson = Schemas["TileJson"];

/** Where a raster is shown: below all, as the map, or to the right of the swipe. */
export type Slot = "base" | "map" | "right";

/** One raster as it shall be shown. */
export interface Raster {
  slot: Slot;
  /** What it is: another key is another picture. */
  key: string;
  tilejson: TileJson;
  opacity: number;
  /** Packed colours of classes that are not shown; see `pixelOf`. */
  hidden: ReadonlySet<number>;
  /** Shown in grey, below something that matters more. */
  muted: boolean;
}

/** A raster's layer: its classes can be hidden without loading it again from the network. */
export class RasterLayer {
  readonly layer: TileLayer<ImageTile>;
  private hidden: ReadonlySet<number>;

  constructor(
    readonly raster: Raster,
    zIndex: number,
  ) {
    const { tilejson } = raster;
    this.hidden = raster.hidden;
    const template = tilejson.tiles[0] ?? "";
    const extent = transformExtent([...tilejson.bounds], "EPSG:4326", "EPSG:3857");
    const source = new ImageTile({
      attributions: tilejson.attribution,
      tileGrid: createXYZ({ minZoom: tilejson.minzoom, maxZoom: tilejson.maxzoom }),
      interpolate: false,
      transition: 180,
      loader: async (z, x, y, { signal }) => {
        const address = template.replace("{z}", String(z)).replace("{x}", String(x)).replace("{y}", String(y));
        return paint(await fetchTile(address, signal ?? new AbortController().signal), this.hidden);
      },
    });
    this.layer = new TileLayer({
      source,
      extent,
      zIndex,
      opacity: raster.opacity,
      className: `ol-layer raster-${raster.slot}${raster.muted ? " raster-muted" : ""}`,
    });
  }

  /** Show other classes of the same raster. */
  hide(hidden: ReadonlySet<number>): void {
    const same = hidden.size === this.hidden.size && [...hidden].every((one) => this.hidden.has(one));
    if (same) return;
    this.hidden = hidden;
    this.layer.getSource()?.refresh();
  }
}
