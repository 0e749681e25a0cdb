/** Sends a file, and tells how much of it has been sent. `fetch` cannot tell. */
import { ApiError, type Problem } from "atoll-react-admin";

import { client, type Schemas } from "../api/client";
import { CONTENT_TYPES, formatOf } from "./lines";

/** The lines of all refused records are newer than the errors. */
export type Report = Schemas["ImportReport"] & { refused_lines?: number[] };

export interface ImportOptions {
  dry_run: boolean;
  on_error: "abort" | "skip";
  skip?: number;
}

export const sendFile = async (resource: string, file: File, options: ImportOptions, onProgress: (part: number) => void): Promise<Report> => {
  const headers = await client.headers("POST");
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", client.href(`/${resource}/import`, { ...options }));
    for (const [name, value] of Object.entries({ ...headers, "Content-Type": CONTENT_TYPES[formatOf(file.name)] })) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => onProgress(total ? loaded / total : 0);
    request.onerror = () => reject(new Error("unreachable"));
    request.onload = () => {
      try {
        const answer: unknown = JSON.parse(request.responseText);
        if (request.status < 400) resolve(answer as Report);
        else reject(new ApiError(answer as Problem));
      } catch (error) {
        reject(error as Error);
      }
    };
    request.send(file);
  });
};
