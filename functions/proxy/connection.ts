/** Which headers are of one connection alone because a sender says so in `Connection` (RFC 9110, section 7.6.1). */

/** @returns names in lower case */
export const nominatedBy = (connection: string): readonly string[] =>
  connection
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
