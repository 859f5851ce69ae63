import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Router } from "wouter";
import { baselinesQuery } from "./api/hooks";
import { Problem } from "./api/problem";
import { basePath } from "./lib/config";
import "./shell/theme";
import "./styles.css";
import { App } from "./shell/App";
import { loadMap } from "./shell/pages";

const MAX_RETRIES = 2;

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // What the API refuses it refuses again; what it could not do now it may do soon.
      retry: (failures, error) => failures < MAX_RETRIES && !(error instanceof Problem && error.status < 500),
      refetchOnWindowFocus: false,
      staleTime: 15_000,
    },
  },
});

// A visitor of the map waits for two things, the map's code and the list of baselines: both start now, at once.
const path = window.location.pathname.slice(basePath.length);
if (path === "/" || path === "" || path.startsWith("/maps/")) {
  void loadMap();
  void queries.prefetchQuery(baselinesQuery);
}

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <Router base={basePath}>
          <App />
        </Router>
      </QueryClientProvider>
    </StrictMode>,
  );
}
