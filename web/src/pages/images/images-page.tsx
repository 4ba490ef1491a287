import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { api } from "../../api/client";
import type { Image } from "../../api/types";
import { shortDigest } from "../../format/digest";
import { Ago } from "../../parts/ago";
import { Empty } from "../../parts/empty";
import { PageHead } from "../../parts/page-head";
import { ProblemNote } from "../../parts/problem-note";
import { SearchBox } from "../../parts/search-box";
import table from "../../parts/table.module.css";
import { TableWrap } from "../../parts/table-wrap";
import { Tag } from "../../parts/tag";
import { useCourse, useCourseNames } from "../../session";
import classes from "./images.module.css";
import { NewImage } from "./new-image";

export function ImagesPage() {
  const { q } = useSearch({ from: "/app/images" });
  const navigate = useNavigate({ from: "/images" });
  const course = useCourse();
  const images = api.useQuery("get", "/api/v1/images", { params: { query: { course: course?.id, q } } });
  return (
    <>
      <PageHead title="Images">
        <NewImage />
      </PageHead>
      <div className={classes.filters}>
        <SearchBox
          label="Filter by name…"
          value={q ?? ""}
          onChange={(text) => void navigate({ search: (now) => ({ ...now, q: text || undefined }), replace: true })}
        />
      </div>
      {images.isError && (
        <ProblemNote error={images.error} title="Images could not be read" retry={() => void images.refetch()} />
      )}
      {images.isSuccess && (
        <div className="panel">
          {images.data.items.length > 0 ? (
            <ImagesTable images={images.data.items} />
          ) : (
            <Empty title={q ? "No image matches" : "No images yet"}>
              {q
                ? "Press Esc in the filter to see all."
                : "An image is what sandboxes are made from: a Dockerfile that is edited and built here, revision by revision. Make one with New image."}
            </Empty>
          )}
        </div>
      )}
    </>
  );
}

function ImagesTable({ images }: { images: Image[] }) {
  const courses = useCourseNames();
  return (
    <TableWrap label="Images">
      <table className={table.table}>
        <caption className="sr-only">Images</caption>
        <thead>
          <tr>
            <th scope="col">Image</th>
            <th scope="col">Built</th>
            <th scope="col" className={table.n}>
              Revision
            </th>
            <th scope="col" className={`${table.n} ${table.wide}`}>
              Changed
            </th>
          </tr>
        </thead>
        <tbody>
          {images.map((image) => (
            <tr key={image.id} data-link>
              <td className={table.grow}>
                <Link to="/images/$image" params={{ image: image.id }} className={table.title}>
                  {image.name}
                </Link>
                <div className={table.sub}>{courses.get(image.course)}</div>
              </td>
              <td className="mono">{image.digest ? shortDigest(image.digest) : <Tag>not yet</Tag>}</td>
              <td className={table.n}>{image.revision}</td>
              <td className={`${table.n} ${table.wide} dim`}>
                <Ago at={image.updated_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableWrap>
  );
}
