import { AppShell, Burger } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { useEffect } from "react";
import { useLiveStream } from "../live/live";
import { Mark } from "../parts/mark";
import { ConnectionNote } from "./connection-note";
import { KeysHelp } from "./keys-help";
import { Navigation } from "./navigation";
import classes from "./shell.module.css";

/** What stands around every page: navigation at the left, on a phone behind a burger. */
export function Shell() {
  useLiveStream();
  const [opened, { toggle, close }] = useDisclosure(false);
  const path = useRouterState({ select: (state) => state.location.pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: going to another page closes the phone's navigation
  useEffect(close, [path]);
  return (
    <AppShell
      header={{ height: { base: 52, sm: 0 } }}
      navbar={{ width: 208, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding={{ base: 16, sm: 24 }}
      transitionDuration={0}
    >
      <a className={classes.skip} href="#main">
        Skip to content
      </a>
      <AppShell.Header className={classes.header} hiddenFrom="sm">
        <Burger opened={opened} onClick={toggle} size="sm" aria-label="Navigation" aria-expanded={opened} />
        <Link to="/live" className={classes.brand}>
          <Mark />
          Assay
        </Link>
      </AppShell.Header>
      <AppShell.Navbar className={classes.navbar} aria-label="Main">
        <Navigation />
      </AppShell.Navbar>
      <AppShell.Main id="main" className={classes.main}>
        <div>
          <ConnectionNote />
          <Outlet />
        </div>
      </AppShell.Main>
      <KeysHelp />
    </AppShell>
  );
}
