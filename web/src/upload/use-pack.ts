import { useState } from "react";
import type { Sent } from "../api/sending";
import { bytes, count } from "../format/units";
import { type Chosen, type Package, pack } from "./pack";

/** What goes on with what was chosen; share is how much of it is done, 0 to 1, when that is known. */
export interface Doing {
  said: string;
  share?: number;
}

/** Packs what was chosen and hands it over; says meanwhile what is going on. */
export function usePack(send: (made: Package, sent: Sent) => Promise<unknown>) {
  const [doing, setDoing] = useState<Doing>();
  const [error, setError] = useState<unknown>();
  const take = async (chosen: Chosen[]) => {
    setError(undefined);
    try {
      setDoing({ said: `Reading ${count(chosen.length, "file")}…` });
      const made = await pack(chosen, (done, of) =>
        setDoing({ said: `Packing ${done} of ${of} files…`, share: done / of }),
      );
      setDoing({ said: `Sending ${made.name}, ${bytes(made.blob.size)}…`, share: 0 });
      await send(made, (sent, of) =>
        setDoing(
          sent < of
            ? { said: `Sending ${made.name}: ${bytes(sent)} of ${bytes(of)}`, share: sent / of }
            : { said: `${made.name} is sent; the hub checks it…` },
        ),
      );
    } catch (failed) {
      setError(failed);
    } finally {
      setDoing(undefined);
    }
  };
  return { take, doing, error };
}
