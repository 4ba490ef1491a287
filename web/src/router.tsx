import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  parseSearchWith,
  redirect,
  retainSearchParams,
  stringifySearchWith,
} from "@tanstack/react-router";
import { Problem } from "./api/problem";
import { ErrorPage, NotFound } from "./pages/errors";
import { sessionQuery } from "./session";
import { Shell } from "./shell/shell";

/** An optional text in the address; the empty one is as good as none. */
function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Picks the named texts out of an address. */
function texts<const N extends string>(...names: N[]) {
  return (search: Record<string, unknown>): { [K in N]?: string } => {
    const out: { [K in N]?: string } = {};
    for (const name of names) {
      const value = text(search[name]);
      if (value !== undefined) out[name] = value;
    }
    return out;
  };
}

const root = createRootRouteWithContext<{ queryClient: QueryClient }>()({ component: Outlet });

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  validateSearch: texts("token"),
  component: lazyRouteComponent(() => import("./pages/setup/setup-page"), "SetupPage"),
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: texts("from"),
  component: lazyRouteComponent(() => import("./pages/sign-in/sign-in-page"), "SignInPage"),
});

const chosenCourse: (search: Record<string, unknown>) => { course?: string } = texts("course");

// Every page behind this one needs somebody to be signed in; the chosen course stays while moving between them.
const app = createRoute({
  getParentRoute: () => root,
  id: "app",
  validateSearch: chosenCourse,
  search: { middlewares: [retainSearchParams(["course"])] },
  beforeLoad: async ({ context, location }) => {
    try {
      await context.queryClient.ensureQueryData(sessionQuery);
    } catch (error) {
      if (error instanceof Problem && error.status === 401) {
        throw redirect({ to: "/sign-in", search: location.pathname === "/" ? {} : { from: location.href } });
      }
      throw error;
    }
  },
  component: Shell,
});

const home = createRoute({
  getParentRoute: () => app,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/live" });
  },
});

const live = createRoute({
  getParentRoute: () => app,
  path: "/live",
  validateSearch: texts("q", "sort"),
  component: lazyRouteComponent(() => import("./pages/live/live-page"), "LivePage"),
});

const jobs = createRoute({
  getParentRoute: () => app,
  path: "/jobs",
  validateSearch: texts("q", "grader", "state", "verdict"),
  component: lazyRouteComponent(() => import("./pages/jobs/jobs-page"), "JobsPage"),
});

const job = createRoute({
  getParentRoute: () => app,
  path: "/jobs/$job",
  validateSearch: texts("test"),
  component: lazyRouteComponent(() => import("./pages/jobs/job-page"), "JobPage"),
});

const graders = createRoute({
  getParentRoute: () => app,
  path: "/graders",
  validateSearch: texts("q"),
  component: lazyRouteComponent(() => import("./pages/graders/graders-page"), "GradersPage"),
});

const grader = createRoute({
  getParentRoute: () => app,
  path: "/graders/$grader",
  validateSearch: texts("tab"),
  component: lazyRouteComponent(() => import("./pages/graders/grader-page"), "GraderPage"),
});

const images = createRoute({
  getParentRoute: () => app,
  path: "/images",
  validateSearch: texts("q"),
  component: lazyRouteComponent(() => import("./pages/images/images-page"), "ImagesPage"),
});

const image = createRoute({
  getParentRoute: () => app,
  path: "/images/$image",
  validateSearch: texts("tab", "build"),
  component: lazyRouteComponent(() => import("./pages/images/image-page"), "ImagePage"),
});

const settings = createRoute({
  getParentRoute: () => app,
  path: "/settings",
  validateSearch: texts("tab"),
  component: lazyRouteComponent(() => import("./pages/settings/settings-page"), "SettingsPage"),
});

const help = createRoute({
  getParentRoute: () => app,
  path: "/help",
  validateSearch: texts("tab"),
  component: lazyRouteComponent(() => import("./pages/help/help-page"), "HelpPage"),
});

// Inside the shell, so that the way on is there.
const nowhere = createRoute({ getParentRoute: () => app, path: "$", component: NotFound });

const routes = root.addChildren([
  setup,
  signIn,
  app.addChildren([home, live, jobs, job, graders, grader, images, image, settings, help, nowhere]),
]);

export function makeRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree: routes,
    context: { queryClient },
    // Plain text in the address: ?q=123 is the text 123.
    parseSearch: parseSearchWith((value) => value),
    stringifySearch: stringifySearchWith(String),
    defaultPreload: "intent",
    defaultPendingMs: 300,
    scrollRestoration: true,
    defaultErrorComponent: ErrorPage,
    defaultNotFoundComponent: NotFound,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
