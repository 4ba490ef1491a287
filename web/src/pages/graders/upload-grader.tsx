import { Stack } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import type { Grader } from "../../api/types";
import { type GraderUpload, useUploadGrader } from "../../api/uploads";
import { ProblemNote } from "../../parts/problem-note";
import { DropArea } from "../../upload/drop-area";
import { usePack } from "../../upload/use-pack";

interface Props {
  to?: GraderUpload;
  onDone: (grader: Grader) => void;
}

/** Takes a grader's folder; what is wrong in it is said with file, line and column. */
export function UploadGrader({ to, onDone }: Props) {
  const client = useQueryClient();
  const upload = useUploadGrader();
  const { take, doing, error } = usePack(async (made, sent) => {
    if (to === undefined) return;
    const grader = await upload.mutateAsync({ to, made, sent });
    await client.invalidateQueries({ queryKey: ["get", "/api/v1/graders"] });
    await client.invalidateQueries({ queryKey: ["get", "/api/v1/graders/{id}"] });
    onDone(grader);
  });
  return (
    <Stack gap="sm">
      <DropArea disabled={to === undefined} doing={doing} onChoose={(chosen) => void take(chosen)}>
        {to === undefined ? (
          "Choose the course first."
        ) : (
          <>
            Drop a grader’s folder or zip here: it has a <span className="mono">grader.yaml</span> at its top.
          </>
        )}
      </DropArea>
      {error !== undefined && <ProblemNote error={error} title="The grader was not taken" />}
    </Stack>
  );
}
