import { useEffect, useRef, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import "./sections.css";

export interface Section {
  path: string;
  title: string;
  component: () => ReactNode;
}

interface Props {
  /** Name of the whole, for screen readers and the tab's title. */
  title: string;
  sections: readonly Section[];
  /** Shown above each section's content. */
  children?: ReactNode;
}

/** A page of several sections, each with an address of its own. */
export function Sections({ title, sections, children }: Props) {
  const [path] = useLocation();
  const shown = sections.find((one) => one.path === path) ?? sections[0];
  const name = shown?.title ?? title;
  useEffect(() => void (document.title = `${name} · GeoCrop`), [name]);
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a phone the links are one row that scrolls: show the one that is open.
    const [row, link] = [nav.current, nav.current?.querySelector<HTMLElement>("[aria-current]")];
    if (row && link) row.scrollLeft = link.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
  }, [shown]);
  return (
    <div className="sections">
      <nav ref={nav} className="sections-nav" aria-label={title}>
        {sections.map((one) => (
          <Link key={one.path} href={one.path} aria-current={one === shown ? "page" : undefined}>
            {one.title}
          </Link>
        ))}
      </nav>
      <main id="main" tabIndex={-1} className="sections-main">
        {children}
        {shown && <shown.component key={shown.path} />}
      </main>
    </div>
  );
}
