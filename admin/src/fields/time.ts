/** Times in the zone of the browser. The API stores UTC. */

const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export const formatTime = (time: string): string => {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : TIME.format(date);
};

export const zone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

const two = (value: number) => String(value).padStart(2, "0");

/** Returns a time as an input of the type `datetime-local` takes it. */
export const toLocalInput = (time: unknown): string => {
  const date = new Date(String(time ?? ""));
  if (Number.isNaN(date.getTime())) return "";
  const day = `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
};

/** Returns what such an input holds as a time in UTC. */
export const fromLocalInput = (value: string): string | null => {
  const date = new Date(value);
  return value === "" || Number.isNaN(date.getTime()) ? null : date.toISOString();
};
