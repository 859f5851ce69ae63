import { ChevronDown, ChevronUp, X } from "lucide-react";
import { useState, type ReactNode } from "react";

interface Props {
  /** Something is being drawn: on a phone the panel makes room. */
  drawing: boolean;
  onStop: () => void;
  children: ReactNode;
}

/** The panel: at the left of a wide screen, and from below on a phone, where it can be made small. */
export function Sheet({ drawing, onStop, children }: Props) {
  const [open, setOpen] = useState(true);
  return (
    <section className="sheet" data-open={open && !drawing} aria-label="Panel">
      {drawing ? (
        <button type="button" className="sheet-grip" onClick={onStop}>
          <X aria-hidden />
          <span>Tap the corners on the map, or here to stop</span>
        </button>
      ) : (
        <button type="button" className="sheet-grip" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? <ChevronDown aria-hidden /> : <ChevronUp aria-hidden />}
          <span>{open ? "Show more of the map" : "Show the panel"}</span>
        </button>
      )}
      <div className="sheet-body">{children}</div>
    </section>
  );
}
