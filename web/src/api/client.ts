import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import createFetchClient from "openapi-fetch";
import createClient from "openapi-react-query";
import { Problem, problemOf } from "./problem";
import type { paths } from "./schema";

/** Calls the API; everything but success is thrown as a Problem. */
export const fetchClient = createFetchClient<paths>({ baseUrl: "/" });
fetchClient.use({
  async onResponse({ response }) {
    if (!response.ok) throw await problemOf(response);
    return undefined;
  },
});

/** Query hooks, typed by our OpenAPI: api.useQuery("get", "/api/v1/jobs", …). */
export const api = createClient(fetchClient);

/** Sends a multipart form: what is undefined stays out. */
export function form(body: Record<string, string | Blob | undefined>, fileName?: string): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(body)) {
    if (value instanceof Blob) data.append(name, value, fileName);
    else if (value !== undefined) data.append(name, value);
  }
  return data;
}

/** Makes the app's cache; signedOut is called when the hub no longer knows us. */
export function makeQueryClient(signedOut: () => void): QueryClient {
  const watch = (error: unknown) => {
    if (error instanceof Problem && error.status === 401) signedOut();
  };
  return new QueryClient({
    queryCache: new QueryCache({ onError: watch }),
    mutationCache: new MutationCache({ onError: watch }),
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        // What the hub has answered will not change by asking again; what did not arrive may.
        retry: (times, error) => !(error instanceof Problem && error.status > 0 && error.status < 500) && times < 2,
      },
    },
  });
}
