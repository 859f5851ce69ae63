/** Colours of tiles as they come: one packed number a pixel, so that a tile is gone through in a millisecond. */

/** Pack `#rrggbb` as an opaque pixel of a little-endian RGBA image. */
export function pixelOf(color: string): number {
  const value = Number.parseInt(color.slice(1), 16);
  const [red, green, blue] = [value >> 16, (value >> 8) & 255, value & 255];
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** Make the pixels of hidden classes transparent, in place; a class is known by its colour, which no other has. */
export function hideClasses(pixels: Uint32Array, hidden: ReadonlySet<number>): void {
  for (let i = 0; i < pixels.length; i += 1) {
    const pixel = pixels[i];
    if (pixel !== undefined && hidden.has(pixel)) pixels[i] = 0;
  }
}

const TILE = 256;
const TRIES = 4;
const BUSY = 503;
const WAIT_MS = 700;

/** Fetch one tile; outside the raster (404) it is empty. A busy server is asked again. */
export async function fetchTile(address: string, signal: AbortSignal): Promise<ImageBitmap | null> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await fetch(address, { signal });
    if (answer.status === 404) return null;
    if (answer.ok) {
      return createImageBitmap(await answer.blob(), { premultiplyAlpha: "none", colorSpaceConversion: "none" });
    }
    if (answer.status !== BUSY || attempt === TRIES) throw new Error(`a tile was answered ${answer.status}`);
    await new Promise((resolve) => window.setTimeout(resolve, WAIT_MS * attempt));
  }
}

/** Draw a tile without its hidden classes. */
export function paint(tile: ImageBitmap | null, hidden: ReadonlySet<number>): HTMLCanvasElement | ImageBitmap {
  if (tile !== null && hidden.size === 0) return tile;
  const canvas = document.createElement("canvas");
  canvas.width = tile?.width ?? TILE;
  canvas.height = tile?.height ?? TILE;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (tile === null || context === null) return canvas;
  context.drawImage(tile, 0, 0);
  tile.close();
  const image = context.getImageData(0, 0, canvas.width, canvas.height);
  hideClasses(new Uint32Array(image.data.buffer), hidden);
  context.putImageData(image, 0, 0);
  return canvas;
}
