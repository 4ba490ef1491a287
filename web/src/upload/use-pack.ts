import { useState } from "react";
import { bytes, count } from "../format/units";
import { type Chosen, type Package, pack } from "./pack";

/** Packs what was chosen and hands it over; says meanwhile what is going on. */
export function usePack(send: (made: Package) => Promise<unknown>) {
  const [doing, setDoing] = useState<string>();
  const [error, setError] = useState<unknown>();
  const take = async (chosen: Chosen[]) => {
    setError(undefined);
    try {
      setDoing(`Reading ${count(chosen.length, "file")}…`);
      const made = await pack(chosen, (done, of) => setDoing(`Packing ${done} of ${of} files…`));
      setDoing(`Sending ${made.name}, ${bytes(made.blob.size)}…`);
      await send(made);
    } catch (failed) {
      setError(failed);
    } finally {
      setDoing(undefined);
    }
  };
  return { take, doing, error };
}
