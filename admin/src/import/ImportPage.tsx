/** Imports a file: first a dry run, which writes nothing and finds what would be refused; then the import itself. */
import { Alert, Box, Button, FormControl, FormControlLabel, FormLabel, LinearProgress, Paper, Radio, RadioGroup, Stack, Table, TableBody, TableCell, TableContainer, TableHead, TableRow, Typography } from "@mui/material";
import { useQueryClient } from "@tanstack/react-query";
import { ApiError } from "atoll-react-admin";
import { useRef, useState } from "react";
import { Link } from "react-router-dom";

import type { Resource } from "../api/meta";
import { useNames, useText } from "../i18n";
import { ErrorAlert } from "../ui/ErrorAlert";
import { Page } from "../ui/Page";
import { formatOf, recordsAt } from "./lines";
import { sendFile, type ImportOptions, type Report } from "./send";

type LineError = Report["errors"][number];

/** What a run found, whether the server accepted the file or not. */
interface Outcome {
  isDry: boolean;
  report?: Report;
  failure?: unknown;
  errors: LineError[];
  committed: number;
}

export const ImportPage = ({ resource }: { resource: Resource }) => {
  const text = useText();
  const names = useNames();
  const queries = useQueryClient();
  const [file, setFile] = useState<File>();
  const [onError, setOnError] = useState<ImportOptions["on_error"]>("abort");
  const [progress, setProgress] = useState<number>();
  const [outcome, setOutcome] = useState<Outcome>();

  const run = async (isDry: boolean) => {
    if (!file) return;
    setProgress(0);
    setOutcome(undefined);
    // A dry run goes through the whole file, so that all errors are found at once.
    const options: ImportOptions = { dry_run: isDry, on_error: isDry ? "skip" : onError };
    try {
      const report = await sendFile(resource.name, file, options, setProgress);
      setOutcome({ isDry, report, errors: report.errors, committed: report.committed_lines });
    } catch (failure) {
      const problem = failure instanceof ApiError ? failure.problem : undefined;
      const errors = (problem?.errors ?? []).filter((refusal): refusal is LineError => refusal.line !== undefined);
      setOutcome({ isDry, failure, errors, committed: problem?.committed_lines ?? 0 });
    }
    setProgress(undefined);
    if (!isDry) await queries.invalidateQueries({ queryKey: [resource.name] });
  };
  const choose = (chosen: File | undefined) => {
    setFile(chosen);
    setOutcome(undefined);
  };
  const isChecked = outcome?.isDry === true && outcome.report !== undefined;
  return (
    <Page title={text("import.title", { name: names.resource(resource.name).toLowerCase() })} narrow>
      <Paper variant="outlined" sx={{ p: { xs: 2, sm: 3 } }}>
        <Stack spacing={2} sx={{ alignItems: "start" }}>
          <Typography>{text("import.help", { fields: fieldNames(resource) })}</Typography>
          <FilePicker file={file} onChoose={choose} />
          <Button variant={isChecked ? "outlined" : "contained"} disabled={!file || progress !== undefined} onClick={() => void run(true)}>
            {text("import.dry_run")}
          </Button>
          {progress !== undefined && <Progress part={progress} />}
          {outcome && <OutcomeView resource={resource} outcome={outcome} file={file} />}
          {isChecked && (
            <>
              {outcome.errors.length > 0 && <OnError value={onError} onChange={setOnError} />}
              <Button variant="contained" disabled={progress !== undefined} onClick={() => void run(false)}>
                {text("import.run", { smart_count: outcome.report?.created ?? 0 })}
              </Button>
            </>
          )}
        </Stack>
      </Paper>
    </Page>
  );
};

const fieldNames = (resource: Resource) =>
  resource.fields
    .filter(({ create }) => create !== "no")
    .map(({ name, create }) => (create === "required" ? `${name}*` : name))
    .join(", ");

const FilePicker = ({ file, onChoose }: { file: File | undefined; onChoose: (file: File | undefined) => void }) => {
  const text = useText();
  const input = useRef<HTMLInputElement>(null);
  return (
    <Stack direction="row" spacing={1} useFlexGap sx={{ alignItems: "center", flexWrap: "wrap" }}>
      <input ref={input} type="file" accept=".csv,.ndjson,.jsonl" hidden aria-label={text("import.file")} onChange={(event) => onChoose(event.target.files?.[0])} />
      <Button variant="outlined" onClick={() => input.current?.click()}>
        {text("import.choose")}
      </Button>
      <span>{file ? `${file.name} (${Math.ceil(file.size / 1024)} kB)` : text("import.no_file")}</span>
    </Stack>
  );
};

const Progress = ({ part }: { part: number }) => {
  const text = useText();
  const isSent = part >= 1;
  return (
    <Box sx={{ width: "100%" }}>
      <LinearProgress variant={isSent ? "indeterminate" : "determinate"} value={100 * part} aria-label={text("import.progress")} />
      <Typography variant="body2" role="status">
        {isSent ? text("import.working") : text("import.sent", { percent: Math.floor(100 * part) })}
      </Typography>
    </Box>
  );
};

const OnError = ({ value, onChange }: { value: ImportOptions["on_error"]; onChange: (value: ImportOptions["on_error"]) => void }) => {
  const text = useText();
  return (
    <FormControl>
      <FormLabel id="on-error">{text("import.on_error")}</FormLabel>
      <RadioGroup aria-labelledby="on-error" value={value} onChange={(_, chosen) => onChange(chosen as ImportOptions["on_error"])}>
        <FormControlLabel value="abort" control={<Radio size="small" />} label={text("import.abort")} />
        <FormControlLabel value="skip" control={<Radio size="small" />} label={text("import.skip")} />
      </RadioGroup>
    </FormControl>
  );
};

const OutcomeView = ({ resource, outcome, file }: { resource: Resource; outcome: Outcome; file: File | undefined }) => {
  const text = useText();
  const names = useNames();
  const { isDry, report, failure, errors, committed } = outcome;
  return (
    <Stack spacing={2} sx={{ width: "100%" }}>
      <div role="status">
        {report && (
          <Alert severity={report.refused > 0 ? "warning" : "success"}>
            {text(isDry ? "import.would" : "import.did", { lines: report.lines, created: report.created, refused: report.refused })}{" "}
            {!isDry && <Link to={`/${resource.name}`}>{text("row.back", { name: names.resource(resource.name) })}</Link>}
          </Alert>
        )}
        {failure !== undefined && <ErrorAlert error={failure} />}
        {failure !== undefined && !isDry && <Typography sx={{ mt: 1 }}>{text("import.committed", { smart_count: committed })}</Typography>}
      </div>
      {errors.length > 0 && <Errors errors={errors} refused={report?.refused} />}
      {errors.length > 0 && file && <DownloadRefused resource={resource} file={file} lines={report?.refused_lines ?? errors.map(({ line }) => line)} />}
    </Stack>
  );
};

const Errors = ({ errors, refused }: { errors: LineError[]; refused: number | undefined }) => {
  const text = useText();
  return (
    <TableContainer tabIndex={0} role="region" aria-label={text("import.errors")} sx={{ maxHeight: 400 }}>
      <Table size="small" stickyHeader>
        <TableHead>
          <TableRow>
            <TableCell>{text("import.line")}</TableCell>
            <TableCell>{text("filters.field")}</TableCell>
            <TableCell>{text("import.reason")}</TableCell>
          </TableRow>
        </TableHead>
        <TableBody>
          {errors.map(({ line, pointer, detail }, index) => (
            <TableRow key={index}>
              <TableCell>{line}</TableCell>
              <TableCell>{pointer ? <code>{pointer.slice(1)}</code> : text("import.whole_line")}</TableCell>
              <TableCell>{detail}</TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
      {refused !== undefined && refused > errors.length && <Typography variant="body2">{text("import.first_errors", { count: errors.length })}</Typography>}
    </TableContainer>
  );
};

const DownloadRefused = ({ resource, file, lines }: { resource: Resource; file: File; lines: number[] }) => {
  const text = useText();
  const download = async () => {
    const format = formatOf(file.name);
    const refused = recordsAt(await file.text(), format, lines);
    const address = URL.createObjectURL(new Blob([refused]));
    const link = Object.assign(document.createElement("a"), { href: address, download: `${resource.name}-refused.${format}` });
    link.click();
    URL.revokeObjectURL(address);
  };
  return (
    <Button variant="outlined" onClick={() => void download()} sx={{ alignSelf: "start" }}>
      {text("import.download_refused")}
    </Button>
  );
};
