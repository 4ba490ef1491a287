import { Tabs } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { PageHead } from "../../parts/page-head";
import { KeysTable } from "../../shell/keys-help";
import { FirstSteps } from "./first-steps";
import classes from "./help.module.css";
import { Reference } from "./reference";

export function HelpPage() {
  const { tab = "steps" } = useSearch({ from: "/app/help" });
  const navigate = useNavigate({ from: "/help" });
  return (
    <>
      <PageHead title="Help" />
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(value) =>
          void navigate({ search: (now) => ({ ...now, tab: value === "steps" ? undefined : (value ?? undefined) }) })
        }
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="steps">First steps</Tabs.Tab>
          <Tabs.Tab value="reference">grader.yaml</Tabs.Tab>
          <Tabs.Tab value="keys">Keys</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="steps">
          <FirstSteps />
        </Tabs.Panel>
        <Tabs.Panel value="reference">
          <Reference />
        </Tabs.Panel>
        <Tabs.Panel value="keys">
          <div className={`panel ${classes.keys}`}>
            <KeysTable />
          </div>
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
