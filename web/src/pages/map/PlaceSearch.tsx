import { MapPin, Search } from "lucide-react";
import { useId, useState, type KeyboardEvent } from "react";
import { findPlaces, titleOf, type Place } from "./gazetteer";

/** A combobox over the bundled gazetteer (WAI-ARIA: list autocomplete with manual selection). */
export function PlaceSearch({ onChoose }: { onChoose: (place: Place) => void }) {
  const id = useId();
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const found = open ? findPlaces(text) : [];
  const choose = (place: Place) => {
    setText(titleOf(place));
    setOpen(false);
    onChoose(place);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Escape") setOpen(false);
    else if (event.key === "ArrowDown") setActive((was) => Math.min(was + 1, found.length - 1));
    else if (event.key === "ArrowUp") setActive((was) => Math.max(was - 1, 0));
    else if (event.key === "Enter" && found[active]) choose(found[active]);
    else return;
    event.preventDefault();
  };
  return (
    <div className="search">
      <Search aria-hidden className="search-icon" />
      <input
        className="input"
        type="text"
        role="combobox"
        aria-label="Find a place in Zimbabwe"
        placeholder="Find a town or district"
        autoComplete="off"
        spellCheck={false}
        aria-expanded={found.length > 0}
        aria-controls={`${id}-list`}
        aria-activedescendant={found[active] ? `${id}-${active}` : undefined}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setActive(0);
          setOpen(true);
        }}
        onBlur={() => window.setTimeout(() => setOpen(false), 150)}
        onKeyDown={onKey}
      />
      <ul id={`${id}-list`} role="listbox" aria-label="Places" className="search-list" hidden={found.length === 0}>
        {found.map((place, i) => (
          // The combobox has the focus and hears the keys; the list only shows.
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events
          <li
            key={`${place.kind} ${place.name}`}
            id={`${id}-${i}`}
            role="option"
            aria-selected={i === active}
            onMouseDown={(event) => event.preventDefault()}
            onMouseEnter={() => setActive(i)}
            onClick={() => choose(place)}
          >
            <MapPin aria-hidden /> {titleOf(place)}
          </li>
        ))}
      </ul>
      {open && text.trim().length > 1 && found.length === 0 && (
        <p className="field-hint" role="status">
          No place of that name is in the list. Move the map there, or draw.
        </p>
      )}
    </div>
  );
}
