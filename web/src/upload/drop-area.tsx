import { Button } from "@mantine/core";
import { type FileWithPath, fromEvent } from "file-selector";
import { type ReactNode, useRef, useState } from "react";
import classes from "../parts/parts.module.css";
import { type Chosen, choose } from "./pack";

interface Props {
  /** What to drop here. */
  children: ReactNode;
  disabled?: boolean;
  onChoose: (chosen: Chosen[]) => void;
}

/** Takes a folder, an archive or files, dropped or chosen. */
export function DropArea({ children, disabled, onChoose }: Props) {
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
      {children}
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
