import { CircleUserRound, LogIn, LogOut, Moon, Sun, SunMoon } from "lucide-react";
import { DropdownMenu, Tooltip } from "radix-ui";
import { Suspense, useEffect } from "react";
import { Link, useLocation, useRoute } from "wouter";
import { useQueryClient } from "@tanstack/react-query";
import { askToLogIn, keep, useSession } from "../api/auth";
import { useQuota } from "../api/hooks";
import { useStore } from "../lib/store";
import { Button, IconButton } from "../ui/Button";
import { Spinner } from "../ui/Notice";
import { ErrorBoundary } from "./ErrorBoundary";
import { LoginDialog } from "./LoginDialog";
import { MapPage, pages } from "./pages";
import { chooseTheme, theme, type Theme } from "./theme";

export function App() {
  const [path] = useLocation();
  return (
    <Tooltip.Provider delayDuration={400}>
      <div className="shell">
        <a className="skip" href={`${path}#main`} onClick={skip}>
          Skip to the content
        </a>
        <Header />
        <ErrorBoundary key={path.split("/")[1]}>
          <Suspense fallback={<div className="page-middle"><Spinner label="Loading…" /></div>}>
            <Content />
          </Suspense>
        </ErrorBoundary>
      </div>
      <LoginDialog />
    </Tooltip.Provider>
  );
}

function skip(event: React.MouseEvent): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Content() {
  const [path] = useLocation();
  const [isMap, params] = useRoute("/maps/:id");
  if (path === "/" || isMap) return <MapPage id={params?.id ?? null} />;
  const page = pages.find((one) => path === one.path || path.startsWith(`${one.path}/`));
  return page ? <page.component /> : <NotFound />;
}

function NotFound() {
  useEffect(() => void (document.title = "Not found · GeoCrop"), []);
  return (
    <main id="main" tabIndex={-1} className="page-middle">
      <h1>There is nothing here</h1>
      <p className="muted">The address may be mistyped, or the page has moved.</p>
      <Link href="/" className="button button-primary">
        Go to the map
      </Link>
    </main>
  );
}

function Header() {
  const [path] = useLocation();
  const user = useSession();
  const here = (to: string) => (to === "/" ? path === "/" || path.startsWith("/maps/") : path.startsWith(to));
  const shown = pages.filter((page) => page.nav === "all" || user?.role === "admin");
  const links = [{ path: "/", title: "Map" }, ...shown];
  return (
    <header className="header">
      <Link href="/" className="brand" aria-label="GeoCrop: the map">
        <Logo />
        <span>GeoCrop</span>
      </Link>
      <nav className="nav" aria-label="Pages">
        {links.map((one) => (
          <Link key={one.path} href={one.path} aria-current={here(one.path) ? "page" : undefined}>
            {one.title}
          </Link>
        ))}
      </nav>
      <ThemeButton />
      <Account />
    </header>
  );
}

export function Logo() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden>
      <rect width="32" height="32" rx="8" fill="#1c6b48" />
      <path d="M16 26V13" fill="none" stroke="#fff" strokeWidth="2.4" strokeLinecap="round" />
      <path d="M16 19c-5 0-7.5-2.5-8-7 5 0 8 2.5 8 7z" fill="#bfe6c8" />
      <path d="M16 15c0-5 2.5-8 8-9 .5 5.5-2.5 9-8 9z" fill="#ffe08a" />
    </svg>
  );
}

const THEMES: Record<Theme, { next: Theme; label: string; icon: typeof Sun }> = {
  auto: { next: "light", label: "Colours: as your system. Change to light", icon: SunMoon },
  light: { next: "dark", label: "Colours: light. Change to dark", icon: Sun },
  dark: { next: "auto", label: "Colours: dark. Change to your system's", icon: Moon },
};

function ThemeButton() {
  const { next, label, icon: Icon } = THEMES[useStore(theme)];
  return (
    <IconButton label={label} onClick={() => chooseTheme(next)}>
      <Icon aria-hidden />
    </IconButton>
  );
}

function Account() {
  const user = useSession();
  const quota = useQuota();
  const queries = useQueryClient();
  if (!user) {
    return (
      <Button small onClick={() => askToLogIn("Log in to have maps made and to see those that you have.")}>
        <LogIn aria-hidden /> Log in
      </Button>
    );
  }
  const logOut = () => {
    keep(null);
    queries.clear();
  };
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <button type="button" className="button button-small" aria-label={`Account of ${user.name}`}>
          <CircleUserRound aria-hidden />
          <span>{user.name}</span>
        </button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={6}>
          <DropdownMenu.Label className="menu-note">
            {user.role === "admin" ? "Administrator" : "Recruiter"}
            {quota.data?.limit != null && ` · ${quota.data.left} of ${quota.data.limit} maps left`}
          </DropdownMenu.Label>
          <DropdownMenu.Separator className="menu-line" />
          <DropdownMenu.Item className="menu-item" onSelect={logOut}>
            <LogOut aria-hidden /> Log out
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
