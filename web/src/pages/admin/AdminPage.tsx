import { ExternalLink, Lock } from "lucide-react";
import { useEffect } from "react";
import { Link } from "wouter";
import { askToLogIn, useSession } from "../../api/auth";
import { config } from "../../lib/config";
import { Button, buttonClass } from "../../ui/Button";
import { Notice } from "../../ui/Notice";
import { Sections, type Section } from "../Sections";
import { AlertsPage } from "./AlertsPage";
import { DatasetsPage } from "./DatasetsPage";
import { ModelsPage } from "./ModelsPage";
import { usePlatformEvents } from "./queries";
import { TrainingPage } from "./TrainingPage";
import { UsersPage } from "./UsersPage";
import "./admin.css";

const SECTIONS: readonly Section[] = [
  { path: "/admin", title: "Datasets", component: DatasetsPage },
  { path: "/admin/training", title: "Training", component: TrainingPage },
  { path: "/admin/models", title: "Models", component: ModelsPage },
  { path: "/admin/alerts", title: "Alerts", component: AlertsPage },
  { path: "/admin/users", title: "Users", component: UsersPage },
];

/** Administration: for administrators; others are told so. */
export default function AdminPage() {
  const user = useSession();
  if (user?.role !== "admin") return <NotForYou isLoggedIn={user !== null} />;
  return <Administration />;
}

function Administration() {
  const isLive = usePlatformEvents();
  return (
    <Sections title="Administration" sections={SECTIONS}>
      <Tools />
      {!isLive && (
        <Notice tone="warn">The live feed has ended. Load the page again to follow what happens.</Notice>
      )}
    </Sections>
  );
}

/** Ways to the tools behind the platform, where the installation names their addresses. */
function Tools() {
  const tools = [
    { title: "Dagster", url: config.dagsterUrl },
    { title: "MLflow", url: config.mlflowUrl },
  ].filter((one): one is { title: string; url: string } => one.url !== null);
  if (tools.length === 0) return null;
  return (
    <p className="admin-links">
      {tools.map(({ title, url }) => (
        <a key={title} className={buttonClass({ small: true })} href={url} target="_blank" rel="noreferrer">
          Open {title} <ExternalLink aria-hidden />
        </a>
      ))}
    </p>
  );
}

export function NotForYou({ isLoggedIn }: { isLoggedIn: boolean }) {
  useEffect(() => void (document.title = "Administration · GeoCrop"), []);
  return (
    <main id="main" tabIndex={-1} className="page-middle">
      <Lock size={34} aria-hidden />
      <h1>This part is for administrators</h1>
      {isLoggedIn ? (
        <p className="muted">
          Here labels are uploaded, and models are trained and promoted. Your account can have maps made; how all of this
          works is told under <Link href="/about">About</Link>.
        </p>
      ) : (
        <p className="muted">Here labels are uploaded, and models are trained and promoted. Log in as an administrator to go on.</p>
      )}
      <div className="row">
        {!isLoggedIn && (
          <Button kind="primary" onClick={() => askToLogIn("Log in as an administrator.")}>
            Log in
          </Button>
        )}
        <Link href="/" className="button">
          Go to the map
        </Link>
      </div>
    </main>
  );
}
