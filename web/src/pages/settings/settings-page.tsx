import { Tabs } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { PageHead } from "../../parts/page-head";
import { useSession } from "../../session";
import { Account } from "./account";
import { Courses } from "./courses";
import { Tokens } from "./tokens";
import { Users } from "./users";

export function SettingsPage() {
  const { user } = useSession();
  const { tab = "account" } = useSearch({ from: "/app/settings" });
  const navigate = useNavigate({ from: "/settings" });
  return (
    <>
      <PageHead title="Settings" about={`${user.name}${user.administrator ? " · administrator" : ""}`} />
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(value) => void navigate({ search: (now) => ({ ...now, tab: value ?? undefined }) })}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="account">Account</Tabs.Tab>
          <Tabs.Tab value="tokens">API tokens</Tabs.Tab>
          <Tabs.Tab value="courses">Courses</Tabs.Tab>
          {user.administrator && <Tabs.Tab value="users">Users</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="account">
          <Account />
        </Tabs.Panel>
        <Tabs.Panel value="tokens">
          <Tokens />
        </Tabs.Panel>
        <Tabs.Panel value="courses">
          <Courses />
        </Tabs.Panel>
        {user.administrator && (
          <Tabs.Panel value="users">
            <Users />
          </Tabs.Panel>
        )}
      </Tabs>
    </>
  );
}
