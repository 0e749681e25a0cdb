/** Counts by day, from the stats of a list. */
import { useQuery } from "@tanstack/react-query";

import { client } from "../api/client";

export interface Day {
  /** As in `2026-01-31`. */
  day: string;
  count: number;
}

interface Stats {
  data: { created_at: string; count: number }[];
}

export const DAYS = 30;

const day = (time: number) => new Date(time).toISOString().slice(0, 10);
const LENGTH = 86_400_000;

export const useDays = (path: string, filter: Record<string, string> = {}) =>
  useQuery({
    queryKey: ["days", path, filter],
    staleTime: 60_000,
    queryFn: async ({ signal }): Promise<Day[]> => {
      const today = Date.now();
      const days = Array.from({ length: DAYS }, (_, index) => day(today - (DAYS - 1 - index) * LENGTH));
      const query = { ...filter, group_by: "created_at", per: "day", "created_at.gte": days[0], count: true };
      const { data } = await client.get<Stats>(path, query, signal);
      const counts = new Map(data.map((bucket) => [bucket.created_at.slice(0, 10), bucket.count]));
      // Days without rows are absent in the answer.
      return days.map((name) => ({ day: name, count: counts.get(name) ?? 0 }));
    },
  });
