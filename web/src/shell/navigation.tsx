import {
  ActionIcon,
  Menu,
  Select,
  Tooltip,
  UnstyledButton,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { IconKeyboard, IconLogout, IconMoon, IconSelector, IconSettings, IconSun } from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { api } from "../api/client";
import { useLivePart } from "../live/live";
import { Mark } from "../parts/mark";
import { useCourse, useSession } from "../session";
import { openKeysHelp } from "./keys-help";
import classes from "./shell.module.css";

export function Navigation() {
  const running = useLivePart((live) => live.containers.filter((c) => c.state === "running").length);
  const jobs = useLivePart((live) => live.queue.queued + live.queue.running);
  return (
    <>
      <Link to="/live" className={classes.brand}>
        <Mark />
        Assay
      </Link>
      <CourseSwitcher />
      <Link to="/live" className={classes.link}>
        Live <Count n={running} what="containers running" />
      </Link>
      <Link to="/jobs" className={classes.link}>
        Jobs <Count n={jobs} what="jobs queued or running" />
      </Link>
      <Link to="/graders" className={classes.link}>
        Graders
      </Link>
      <Link to="/images" className={classes.link}>
        Images
      </Link>
      <Link to="/settings" className={classes.link}>
        Settings
      </Link>
      <Link to="/help" className={classes.link}>
        Help
      </Link>
      <Foot />
    </>
  );
}

function Count({ n, what }: { n: number; what: string }) {
  if (n === 0) return null;
  return (
    <span>
      <span aria-hidden="true">{n}</span>
      <span className="sr-only">{`${n} ${what}`}</span>
    </span>
  );
}

const all = "";

function CourseSwitcher() {
  const { courses } = useSession();
  const course = useCourse();
  const navigate = useNavigate();
  if (courses.length === 0) return null;
  return (
    <Select
      className={classes.course}
      aria-label="Course"
      size="xs"
      allowDeselect={false}
      value={course?.slug ?? all}
      data={[
        { value: all, label: "All courses" },
        ...courses.map(({ slug, title }) => ({ value: slug, label: title || slug })),
      ]}
      onChange={(slug) =>
        void navigate({
          to: ".",
          search: (now) => ({ ...now, course: slug === all ? undefined : (slug ?? undefined) }),
        })
      }
    />
  );
}

function Foot() {
  const { user } = useSession();
  const signOut = api.useMutation("delete", "/api/v1/session");
  const leave = () => {
    // Everything in memory belongs to who was signed in: start anew.
    signOut.mutate({}, { onSettled: () => window.location.assign("/sign-in") });
  };
  return (
    <div className={classes.foot}>
      <Menu position="top-start" withinPortal>
        <Menu.Target>
          <UnstyledButton className={classes.user}>
            <span className="ellipsis">{user.name}</span>
            <IconSelector size={14} aria-hidden />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconSettings size={16} />}
            renderRoot={(props) => <Link to="/settings" {...props} />}
          >
            Settings
          </Menu.Item>
          <Menu.Item leftSection={<IconKeyboard size={16} />} onClick={openKeysHelp}>
            Keys
          </Menu.Item>
          <Menu.Item leftSection={<IconLogout size={16} />} onClick={leave}>
            Sign out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <SchemeSwitch />
    </div>
  );
}

function SchemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const other = scheme === "dark" ? "light" : "dark";
  return (
    <Tooltip label={`Use ${other} colours`}>
      <ActionIcon aria-label={`Use ${other} colours`} onClick={() => setColorScheme(other)}>
        {scheme === "dark" ? <IconSun size={16} /> : <IconMoon size={16} />}
      </ActionIcon>
    </Tooltip>
  );
}
