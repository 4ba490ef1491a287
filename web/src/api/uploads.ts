import { useMutation } from "@tanstack/react-query";
import type { Package } from "../upload/pack";
import { fetchClient, form } from "./client";
import { type Sent, sending } from "./sending";
import type { Job } from "./types";

/** A failed request has been thrown already; an answer without a body is the hub's mistake. */
function must<T>(data: T | undefined): T {
  if (data === undefined) throw new Error("The hub answered without saying what it did; reload the page.");
  return data;
}

/** A grader's folder: to a course as a new grader, or to a grader as its next revision. */
export type GraderUpload = { course: string; grader?: undefined } | { grader: string; course?: undefined };

export function useUploadGrader() {
  return useMutation({
    mutationFn: async ({ to, made, sent: tell }: { to: GraderUpload; made: Package; sent: Sent }) => {
      const fetch = sending(tell);
      const body = { archive: made.name };
      const bodySerializer = () => form({ course: to.course, archive: made.blob }, made.name);
      if (to.grader === undefined) {
        const sent = { body: { ...body, course: to.course }, bodySerializer, fetch };
        return must((await fetchClient.POST("/api/v1/graders", sent)).data);
      }
      const sent = { params: { path: { id: to.grader } }, body, bodySerializer, fetch };
      return must((await fetchClient.PUT("/api/v1/graders/{id}/files", sent)).data);
    },
  });
}

/** A submission to be graded: one of the grader's samples or a package. */
export interface Submitting {
  grader: string;
  sample?: string;
  made?: Package;
  priority: Job["priority"];
  sent?: Sent;
}

export function useSubmit() {
  return useMutation({
    mutationFn: async ({ grader, sample, made, priority, sent = () => {} }: Submitting) => {
      const bodySerializer = () => form({ grader, priority, sample, archive: made?.blob }, made?.name);
      const body = { grader, priority, sample };
      return must((await fetchClient.POST("/api/v1/jobs", { body, bodySerializer, fetch: sending(sent) })).data);
    },
  });
}
