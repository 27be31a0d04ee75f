/** What the two APIs have to offer, so that a page with it looks real. */

export const samples = {
  orders: {
    orders: [
      {
        id: 'A-1001',
        placedOn: '2026-03-02',
        item: 'Desk lamp, brass',
        quantity: 1,
        total: '€ 84.00',
        state: 'delivered',
      },
      {
        id: 'A-1002',
        placedOn: '2026-03-19',
        item: 'Notebook, dotted',
        quantity: 5,
        total: '€ 42.50',
        state: 'shipped',
      },
      {
        id: 'A-1003',
        placedOn: '2026-04-01',
        item: 'Fountain pen',
        quantity: 1,
        total: '€ 129.00',
        state: 'in preparation',
      },
    ],
  },
  profile: {
    profile: {
      customerSince: '2019-06-11',
      language: 'en',
      newsletter: false,
      address: { street: '12 Harbour Road', city: 'Bergen', country: 'NO' },
    },
  },
} as const;

const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="120" height="80" role="img" aria-label="A parcel">
  <rect x="10" y="20" width="100" height="50" rx="4" fill="#c98b4a"/>
  <rect x="54" y="20" width="12" height="50" fill="#8f5b24"/>
</svg>
`;

/** One page with one line of text (ISO 32000-1, section 7.5). */
function pdf(text: string): Buffer {
  const content = `BT /F1 24 Tf 72 720 Td (${text}) Tj ET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  let file = '%PDF-1.4\n';
  const table = objects.map((object, index) => {
    const offset = file.length;
    file += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(offset).padStart(10, '0')} 00000 n \n`;
  });
  const size = objects.length + 1;
  const start = file.length;
  file += `xref\n0 ${size}\n0000000000 65535 f \n${table.join('')}`;
  file += `trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.from(file, 'latin1');
}

/** Files by their path. */
export const files: Readonly<Record<string, { readonly type: string; readonly body: Buffer }>> = {
  '/invoices/1.pdf': { type: 'application/pdf', body: pdf('Invoice 1') },
  '/images/1.svg': { type: 'image/svg+xml', body: Buffer.from(svg) },
};

/** @returns `count` bytes that hold every value, none of them text */
export const everyByte = (count: number): Buffer =>
  Buffer.from(Uint8Array.from({ length: count }, (_, index) => index));
