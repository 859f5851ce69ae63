import { useEffect, useRef, useState, type RefObject } from "react";
import { config } from "../../lib/config";
import { useStore } from "../../lib/store";
import { shown } from "../../shell/theme";
import { MapView, type Bounds, type Listeners } from "./MapView";

/** The map in a `div`, made once; the listeners are always those of the last render. */
export function useMapView(target: RefObject<HTMLDivElement | null>, listeners: Listeners): MapView | null {
  const [view, setView] = useState<MapView | null>(null);
  const latest = useRef(listeners);
  useEffect(() => {
    latest.current = listeners;
  });
  useEffect(() => {
    if (!target.current) return undefined;
    const made = new MapView(
      target.current,
      {
        onDrawn: (area) => latest.current.onDrawn(area),
        onClick: (at) => latest.current.onClick(at),
        onMoved: (centre, zoom) => latest.current.onMoved(centre, zoom),
        onDrawing: (area) => latest.current.onDrawing(area),
      },
      config.extent as Bounds | null,
    );
    setView(made);
    return () => {
      made.dispose();
      setView(null);
    };
  }, [target]);
  const theme = useStore(shown);
  useEffect(() => view?.setTheme(theme), [view, theme]);
  return view;
}
