import type { LonLat } from "./MapView";

export function PixelPanel({ at, onClose }: { id: string; at: LonLat; season: string; onClose: () => void }) {
  return (
    <button type="button" onClick={onClose}>
      {at.join(" ")}
    </button>
  );
}
