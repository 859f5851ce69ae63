import { Sections, type Section } from "../Sections";
import { Architecture } from "./Architecture";
import { Decisions } from "./Decisions";
import { Infrastructure } from "./Infrastructure";
import { LiveSystem } from "./LiveSystem";
import { Observability } from "./Observability";
import { WorkflowPage } from "./WorkflowPage";
import "./about.css";

const SECTIONS: readonly Section[] = [
  { path: "/about", title: "System architecture", component: Architecture },
  { path: "/about/infrastructure", title: "Infrastructure", component: Infrastructure },
  { path: "/about/workflow", title: "MLOps workflow", component: WorkflowPage },
  { path: "/about/decisions", title: "Decisions and trade-offs", component: Decisions },
  { path: "/about/observability", title: "Observability", component: Observability },
  { path: "/about/status", title: "Live system", component: LiveSystem },
];

/** How the platform is built, drawn from the running system where it can be. */
export default function AboutPage() {
  return <Sections title="About GeoCrop" sections={SECTIONS} />;
}
