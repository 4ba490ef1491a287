import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client";
import { Problem } from "../../api/problem";
import type { ImageDetail } from "../../api/types";

/** An image's text as it is being edited, and how it is saved. */
export function useDraft(detail: ImageDetail) {
  const client = useQueryClient();
  const { id } = detail.image;
  const [text, setText] = useState(detail.revision.dockerfile);
  // What the text was made from: somebody else's save does not change it.
  const [base, setBase] = useState(detail.revision);
  const [conflict, setConflict] = useState<ImageDetail>();
  const put = api.useMutation("put", "/api/v1/images/{id}");
  const options = api.queryOptions("get", "/api/v1/images/{id}", { params: { path: { id } } });

  const rest = (saved: ImageDetail) => {
    setBase(saved.revision);
    setConflict(undefined);
    client.setQueryData(options.queryKey, saved);
    void client.invalidateQueries({ queryKey: ["get", "/api/v1/images"] });
    void client.invalidateQueries({ queryKey: ["get", "/api/v1/images/{id}/revisions"] });
  };

  /** Saves over the given revision; false when somebody else has saved since. */
  const save = async (over = base.number): Promise<boolean> => {
    if (text === base.dockerfile && over === base.number) return true;
    try {
      rest(await put.mutateAsync({ params: { path: { id } }, body: { dockerfile: text, base_revision: over } }));
      return true;
    } catch (error) {
      if (error instanceof Problem && error.status === 409) {
        put.reset();
        setConflict(await client.fetchQuery({ ...options, staleTime: 0 }));
      }
      return false;
    }
  };

  return {
    text,
    setText,
    base,
    changed: text !== base.dockerfile,
    saving: put.isPending,
    error: put.error,
    save,
    conflict,
    /** Saves ours as the revision after theirs. */
    keepOurs: () => save(conflict?.revision.number),
    takeTheirs: () => {
      if (conflict === undefined) return;
      setText(conflict.revision.dockerfile);
      rest(conflict);
    },
    closeConflict: () => setConflict(undefined),
  };
}
