import { Tooltip } from "@mantine/core";
import { age, ago, exact } from "../format/time";
import { useNow } from "./use-now";

/** How long ago, kept true while it is shown; the exact time on hover. */
export function Ago({ at }: { at: string }) {
  const now = useNow();
  const then = new Date(at);
  return (
    <Tooltip label={exact(then)}>
      <time dateTime={at} className="num">
        {ago(then, now)}
      </time>
    </Tooltip>
  );
}

/** How old something is: "12 s". */
export function Age({ since }: { since: string }) {
  const now = useNow();
  const then = new Date(since);
  return (
    <Tooltip label={`since ${exact(then)}`}>
      <time dateTime={since} className="num">
        {age(now.getTime() - then.getTime())}
      </time>
    </Tooltip>
  );
}
