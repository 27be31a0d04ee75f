/** Unpacks the zips that packaging leaves behind, so that what runs here is what would be uploaded. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { inflateRawSync } from 'node:zlib';

/** Where the central directory begins and how many entries it has (APPNOTE 4.3.16). */
function findDirectory(zip: Buffer): { offset: number; count: number } {
  const at = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (at < 0) throw new Error('The package is not a zip file.');
  return { offset: zip.readUInt32LE(at + 16), count: zip.readUInt16LE(at + 10) };
}

/** The bytes of one file, found by its local header (APPNOTE 4.3.7). */
function contents(zip: Buffer, headerAt: number, method: number, size: number): Buffer {
  const from = headerAt + 30 + zip.readUInt16LE(headerAt + 26) + zip.readUInt16LE(headerAt + 28);
  const bytes = zip.subarray(from, from + size);
  if (method === 0) return bytes;
  if (method === 8) return inflateRawSync(bytes);
  throw new Error(`The package uses the compression method ${method}, which is neither 0 nor 8.`);
}

/**
 * @param file a zip
 * @param folder where its files are written; created where it does not exist
 * @throws Error where it is not a zip or a name in it leads out of the folder
 */
export async function unzip(file: string, folder: string): Promise<void> {
  const zip = await readFile(file);
  const directory = findDirectory(zip);
  let at = directory.offset;
  for (let entry = 0; entry < directory.count; entry += 1) {
    const nameLength = zip.readUInt16LE(at + 28);
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
    const path = normalize(join(folder, name));
    if (!path.startsWith(normalize(`${folder}/`))) throw new Error(`The package names a file outside of it: ${name}`);
    if (!name.endsWith('/')) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(
        path,
        contents(zip, zip.readUInt32LE(at + 42), zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 20)),
      );
    }
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
}
