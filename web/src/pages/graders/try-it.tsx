import { Button, SegmentedControl } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Job } from "../../api/types";
import { useSubmit } from "../../api/uploads";
import { ProblemNote } from "../../parts/problem-note";
import { DropArea } from "../../upload/drop-area";
import { usePack } from "../../upload/use-pack";
import classes from "./graders.module.css";

/** Grades a sample or a submission of one's own; the job's page opens at once. */
export function TryIt({ grader, samples }: { grader: string; samples: string[] }) {
  const navigate = useNavigate();
  const submit = useSubmit();
  const [priority, setPriority] = useState<Job["priority"]>("normal");
  const open = (job: Job) => void navigate({ to: "/jobs/$job", params: { job: job.id }, search: {} });
  const { take, doing, error } = usePack(async (made, sent) =>
    open(await submit.mutateAsync({ grader, made, priority, sent })),
  );
  const sampleError = doing === undefined && error === undefined ? submit.error : undefined;
  return (
    <section className={`panel ${classes.panel}`} aria-label="Try it">
      <h2>Try it</h2>
      {samples.map((sample) => (
        <div key={sample} className={classes.sample} data-sample={sample}>
          <span className="ellipsis">{sample}</span>
          <Button
            leftSection={<IconPlayerPlay size={14} />}
            aria-label={`Run ${sample}`}
            loading={submit.isPending && submit.variables.sample === sample}
            onClick={() => submit.mutate({ grader, sample, priority }, { onSuccess: open })}
          >
            Run
          </Button>
        </div>
      ))}
      <div className={classes.try}>
        {sampleError && <ProblemNote error={sampleError} title="The sample was not taken" />}
        {error !== undefined && <ProblemNote error={error} title="The submission was not taken" />}
        <DropArea doing={doing} onChoose={(chosen) => void take(chosen)}>
          Drop a submission here: a folder, a zip or files.
        </DropArea>
        <div className={classes.row}>
          <span className="dim" id="priority">
            Priority
          </span>
          <SegmentedControl
            size="xs"
            aria-labelledby="priority"
            value={priority}
            data={[
              { value: "high", label: "High" },
              { value: "normal", label: "Normal" },
              { value: "low", label: "Low" },
            ]}
            onChange={setPriority}
          />
        </div>
      </div>
    </section>
  );
}
