/** Sends a small form: what it sends, whether it is busy, and what was refused, by field. */
import { ApiError } from "atoll-react-admin";
import { useState, type FormEvent } from "react";

export type FormValues = Record<string, string>;

export const useSubmit = (send: (values: FormValues, form: HTMLFormElement) => Promise<void>) => {
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const onSubmit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    setIsBusy(true);
    setError(undefined);
    try {
      await send(Object.fromEntries(new FormData(form)) as FormValues, form);
    } catch (failure) {
      setError(failure);
    } finally {
      setIsBusy(false);
    }
  };
  const errors = error instanceof ApiError ? (error.body.errors ?? {}) : {};
  /** The attributes of an input that show a refusal. */
  const input = (name: string, help?: string) => ({ name, error: errors[name] !== undefined, helperText: errors[name] ?? help });
  /** What was refused as a whole, or at a field that the form has not. */
  const general = (names: string[]) => (error !== undefined && !Object.keys(errors).some((name) => names.includes(name)) ? error : undefined);
  return { onSubmit, isBusy, error, input, general };
};
