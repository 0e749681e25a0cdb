/** A small bar plot. A table with the same numbers stands beside it for those who cannot see it. */
import { Box, useTheme } from "@mui/material";

import { useText } from "../i18n";
import type { Day } from "./days";

const WIDTH = 600;
const HEIGHT = 160;
const LEFT = 44;
const BOTTOM = 22;
const TOP = 8;

const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });
const NUMBER = new Intl.NumberFormat(undefined, { notation: "compact" });

/** The next number above that is easy to read: 1, 2 or 5 with zeros. */
const ceiling = (value: number): number => {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value) ?? value;
};

export const Bars = ({ title, days }: { title: string; days: Day[] }) => {
  const text = useText();
  const { palette } = useTheme();
  const top = ceiling(Math.max(...days.map(({ count }) => count)));
  const total = days.reduce((sum, { count }) => sum + count, 0);
  const step = (WIDTH - LEFT) / days.length;
  const y = (count: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - count / top);
  return (
    <figure style={{ margin: 0 }}>
      <svg role="img" aria-label={text("dashboard.plot", { title, total })} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width="100%" style={{ display: "block" }}>
        {[0, top / 2, top].map((mark) => (
          <g key={mark}>
            <line x1={LEFT} x2={WIDTH} y1={y(mark)} y2={y(mark)} stroke={palette.divider} />
            <text x={LEFT - 6} y={y(mark) + 4} textAnchor="end" fontSize="12" fill={palette.text.secondary}>
              {Number.isInteger(mark) ? NUMBER.format(mark) : ""}
            </text>
          </g>
        ))}
        {days.map(({ day, count }, index) => (
          <rect key={day} x={LEFT + index * step + step * 0.15} y={y(count)} width={step * 0.7} height={Math.max(y(0) - y(count), 0)} fill={palette.primary.main}>
            <title>{`${DAY.format(new Date(day))}: ${count}`}</title>
          </rect>
        ))}
        {days.map(({ day }, index) =>
          index % 7 === 0 && index < days.length - 3 ? (
            <text key={day} x={LEFT + index * step} y={HEIGHT - 4} fontSize="12" fill={palette.text.secondary}>
              {DAY.format(new Date(day))}
            </text>
          ) : null,
        )}
      </svg>
      <Box component="details" sx={{ fontSize: "0.875rem" }}>
        <summary>{text("dashboard.numbers")}</summary>
        <ul>
          {days
            .filter(({ count }) => count > 0)
            .map(({ day, count }) => (
              <li key={day}>
                {DAY.format(new Date(day))}: {count}
              </li>
            ))}
        </ul>
      </Box>
    </figure>
  );
};
