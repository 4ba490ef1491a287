/** Told how many bytes of a request's body are sent. */
export type Sent = (bytes: number, of: number) => void;

/** fetch for one request that tells how far its body is; fetch itself cannot. */
export function sending(tell: Sent): (request: Request) => Promise<Response> {
  return async (request) => {
    const body = await request.blob();
    return new Promise((resolve, reject) => {
      const xhr = new XMLHttpRequest();
      xhr.open(request.method, request.url);
      request.headers.forEach((value, name) => {
        xhr.setRequestHeader(name, value);
      });
      xhr.responseType = "blob";
      xhr.upload.onprogress = ({ loaded, total }) => tell(loaded, total);
      xhr.onload = () => {
        const { status, statusText } = xhr;
        resolve(new Response(xhr.response as Blob, { status, statusText, headers: headersOf(xhr) }));
      };
      // As fetch says it.
      xhr.onerror = () => reject(new TypeError("network error"));
      xhr.send(body);
    });
  };
}

function headersOf(xhr: XMLHttpRequest): Headers {
  const headers = new Headers();
  for (const line of xhr.getAllResponseHeaders().trim().split("\r\n")) {
    const [name = "", ...value] = line.split(": ");
    if (name !== "") headers.append(name, value.join(": "));
  }
  return headers;
}
