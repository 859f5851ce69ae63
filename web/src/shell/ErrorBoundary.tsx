import { Component, type ReactNode } from "react";
import { Button } from "../ui/Button";

/** Says that a page failed instead of showing nothing. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override render(): ReactNode {
    if (!this.state.error) return this.props.children;
    return (
      <main id="main" tabIndex={-1} className="page-middle">
        <h1>This page could not be shown</h1>
        <p className="muted">
          It may be that a newer version was installed meanwhile. Loading the page again usually helps.
        </p>
        <Button kind="primary" onClick={() => window.location.reload()}>
          Load again
        </Button>
        <p className="small muted">{this.state.error.message}</p>
      </main>
    );
  }
}
