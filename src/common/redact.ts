const SECRETS: readonly RegExp[] = [
  /\b(?:sk|pk|rk|ghp|gho|ghs|ghu|github_pat|xox[abprs]|glpat|npm)[-_][A-Za-z0-9_-]{8,}/g,
  /\bAKIA[0-9A-Z]{16}\b/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+/g,
  /(?<=\b(?:authorization|bearer|basic)["']?\s*[:=]?\s*(?:bearer\s+|basic\s+)?)[A-Za-z0-9._~+/=-]{12,}/gi,
  /(?<=\b[A-Za-z0-9_]*(?:token|secret|password|passwd|api[-_]?key)["']?\s*[:=]\s*["']?)[^\s"',;]{4,}/gi,
  /(?<=:\/\/[^\s/:@]*:)[^\s/@]+(?=@)/g,
];

/** Replaces what looks like a secret (tokens, keys, passwords, credentials in URLs) by `***`. For every log line. */
export function redact(text: string): string {
  return SECRETS.reduce((result, pattern) => result.replace(pattern, '***'), text);
}
