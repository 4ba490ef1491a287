import { Button, Loader } from "@mantine/core";
import { type FileWithPath, fromEvent } from "file-selector";
import { type ReactNode, useRef, useState } from "react";
import classes from "../parts/parts.module.css";
import { type Chosen, choose } from "./pack";
import type { Doing } from "./use-pack";

interface Props {
  /** What to drop here. */
  children: ReactNode;
  disabled?: boolean;
  /** Shown in place of the words while what was chosen is on its way. */
  doing?: Doing;
  onChoose: (chosen: Chosen[]) => void;
}

/** Takes a folder, an archive or files, dropped or chosen. */
export function DropArea({ children, disabled: off = false, doing, onChoose }: Props) {
  const disabled = off || doing !== undefined;
  const folder = useRef<HTMLInputElement>(null);
  const file = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const take = (files: (FileWithPath | DataTransferItem)[]) =>
    onChoose(choose(files.filter((one): one is FileWithPath => one instanceof File)));
  const input = (ref: typeof folder, name: string, wholeFolder: boolean) => (
    <input
      ref={ref}
      type="file"
      hidden
      aria-label={name}
      {...(wholeFolder ? { webkitdirectory: "" } : { multiple: true })}
      onChange={(event) => {
        take([...(event.currentTarget.files ?? [])]);
        event.currentTarget.value = "";
      }}
    />
  );
  return (
    <section
      className={classes.drop}
      aria-label="Drop files here"
      data-over={over || undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (!disabled) void fromEvent(event.nativeEvent).then(take);
      }}
    >
      {doing === undefined ? children : <Progress {...doing} />}
      <div className={classes.choices}>
        {input(folder, "Folder", true)}
        {input(file, "Files", false)}
        <Button disabled={disabled} onClick={() => folder.current?.click()}>
          Choose folder…
        </Button>
        <Button disabled={disabled} onClick={() => file.current?.click()}>
          Choose zip or files…
        </Button>
      </div>
    </section>
  );
}

function Progress({ said, share }: Doing) {
  return (
    <>
      <span role="status" className="num">
        {share === undefined && <Loader size={10} mr={8} aria-hidden />}
        {said}
      </span>
      {share !== undefined && <progress value={share} aria-label="Progress" />}
    </>
  );
}
