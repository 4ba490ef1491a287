import html from "../../../../docs/grader-yaml.md";
import classes from "./help.module.css";

/** docs/grader-yaml.md, as it is in the repository. */
export function Reference() {
  // biome-ignore lint/security/noDangerouslySetInnerHtml: our own file, made HTML while building
  return <article className={`panel ${classes.text}`} dangerouslySetInnerHTML={{ __html: html }} />;
}
