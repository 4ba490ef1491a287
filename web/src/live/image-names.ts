import { useQueries } from "@tanstack/react-query";
import { api } from "../api/client";
import type { Container } from "../api/types";
import { shortDigest } from "../format/digest";

/**
 * What people call the images of these containers: the name on Images, else what their grader.yaml says ("./Dockerfile",
 * "debian:bookworm"), else the beginning of the digest.
 */
export function useImageNames(containers: Container[]): (container: Container) => string {
  const images = api.useQuery("get", "/api/v1/images", {}, { staleTime: 60_000 });
  const graders = api.useQuery("get", "/api/v1/graders", {}, { staleTime: 60_000 });
  const named = new Map(images.data?.items.map((image) => [image.digest, image.name]));
  const key = (course?: string, name?: string) => `${course} ${name}`;
  const running = new Set(containers.map((c) => key(c.course, c.grader)));
  const wanted = graders.data?.items.filter((grader) => running.has(key(grader.course, grader.name))) ?? [];
  const details = useQueries({
    queries: wanted.map(({ id }) =>
      api.queryOptions("get", "/api/v1/graders/{id}", { params: { path: { id } } }, { staleTime: 60_000 }),
    ),
  });
  const said = new Map(
    details.flatMap(({ data }) => {
      if (data === undefined) return [];
      const { dockerfile, reference } = data.spec.image;
      return [[key(data.grader.course, data.grader.name), dockerfile ? `./${dockerfile}` : reference] as const];
    }),
  );
  return (c) => named.get(c.image) ?? said.get(key(c.course, c.grader)) ?? shortDigest(c.image);
}
