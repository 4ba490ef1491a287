import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { api } from "./api/client";
import type { Course, Session } from "./api/types";

/** Who is signed in; asked for once before any page that needs it. */
export const sessionQuery = api.queryOptions("get", "/api/v1/session", {}, { staleTime: 60_000, retry: false });

export function useSession(): Session {
  return useSuspenseQuery(sessionQuery).data;
}

/** The course that the switcher is set to, when it is set: lists show it alone. */
export function useCourse(): Course | undefined {
  const { course } = useSearch({ strict: false });
  return useSession().courses.find((one) => one.slug === course);
}

/** Short names of courses by id. */
export function useCourseNames(): Map<string, string> {
  const courses = useQuery(sessionQuery).data?.courses ?? [];
  return new Map(courses.map((course) => [course.id, course.slug]));
}
