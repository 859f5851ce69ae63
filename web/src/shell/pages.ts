import { lazy, type ComponentType, type LazyExoticComponent } from "react";

/** A page of the shell: the addresses below `path` are its own. Add one here and in `_PAGE` of api/routes/web.py. */
export interface Page {
  path: string;
  title: string;
  /** Whether the header links to it: never, for all, or for administrators. */
  nav: "all" | "admin";
  component: LazyExoticComponent<ComponentType>;
}

/** Loaded at once where the address asks for it: see main.tsx. */
export const loadMap = () => import("../pages/map/MapPage");

export const MapPage = lazy(loadMap);

export const pages: readonly Page[] = [
  { path: "/about", title: "About", nav: "all", component: lazy(() => import("../pages/about/AboutPage")) },
  { path: "/admin", title: "Admin", nav: "admin", component: lazy(() => import("../pages/admin/AdminPage")) },
];
