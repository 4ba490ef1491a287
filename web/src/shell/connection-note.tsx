import { Box } from "@mantine/core";
import { age } from "../format/time";
import { useLivePart } from "../live/live";
import { Note } from "../parts/note";
import { useNow } from "../parts/use-now";

/** Says when what is shown is no longer fresh. */
export function ConnectionNote() {
  const lost = useLivePart((live) => live.connection === "lost");
  return lost ? <Lost /> : null;
}

function Lost() {
  const at = useLivePart((live) => live.at);
  const now = useNow();
  return (
    <Box mb="md">
      <Note tone="warn">
        <strong>Connection to the hub lost.</strong> Trying again by itself
        {at === undefined ? "." : `; what you see is ${age(now.getTime() - Date.parse(at))} old.`}
      </Note>
    </Box>
  );
}
