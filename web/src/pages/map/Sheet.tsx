import { ChevronDown, ChevronUp } from "lucide-react";
import { useState, type ReactNode } from "react";

/** The panel: at the left of a wide screen, and from below on a phone, where it can be made small. */
export function Sheet({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState(true);
  return (
    <section className="sheet" data-open={open} aria-label="Panel">
      <button type="button" className="sheet-grip" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? <ChevronDown aria-hidden /> : <ChevronUp aria-hidden />}
        <span>{open ? "Show more of the map" : "Show the panel"}</span>
      </button>
      <div className="sheet-body">{children}</div>
    </section>
  );
}
