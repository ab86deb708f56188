import type { Prng } from "@raptor/shared/seams/chance.ts";
import { badRequest } from "./api-error.ts";
import type { CallParams } from "./call-params.ts";
import type { PhotoSize } from "./objects.ts";

const PHOTO_BYTES_MAX = 10 * 1024 * 1024;
const PHOTOS_MAX = 100;
const SIDES_SUM_MAX = 10_000;
const SIDES_RATIO_MAX = 20;

export interface StoredPhoto {
  contentType: string;
  content: Buffer;
  size: PhotoSize;
}

/** Uploaded pictures; a file id sends one again without its bytes. */
export class PhotoStore {
  readonly #prng: Prng;
  readonly #photos = new Map<string, StoredPhoto>();

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  get(fileId: string): StoredPhoto | undefined {
    return this.#photos.get(fileId);
  }

  /** The picture that `sendPhoto` names. @throws TelegramApiError 400 as the real server. */
  take(params: CallParams): PhotoSize {
    const named = params.text("photo");
    const attached = named.startsWith("attach://") ? named.slice("attach://".length) : "photo";
    const file = params.files.get(attached);
    if (file !== undefined) return this.#add(file.content);
    const known = this.#photos.get(named);
    if (known !== undefined) return known.size;
    if (named === "") throw badRequest("there is no photo in the request");
    // A stand-in never reads the network, so a link is one that could not be read.
    if (/^https?:\/\//i.test(named)) throw badRequest("failed to get HTTP URL content");
    throw badRequest("wrong file identifier/HTTP URL specified");
  }

  #add(content: Buffer): PhotoSize {
    if (content.length === 0) throw badRequest("file must be non-empty");
    if (content.length > PHOTO_BYTES_MAX) {
      throw badRequest(
        `file of size ${content.length} bytes is too big for a photo; ` +
          `the maximum size is ${PHOTO_BYTES_MAX} bytes`,
      );
    }
    const picture = readDimensions(content);
    if (picture === undefined) throw badRequest("IMAGE_PROCESS_FAILED");
    const { width, height } = picture;
    const ratio = Math.max(width, height) / Math.max(1, Math.min(width, height));
    if (width + height > SIDES_SUM_MAX || ratio > SIDES_RATIO_MAX) {
      throw badRequest("PHOTO_INVALID_DIMENSIONS");
    }
    const suffix = `${this.#prng.nextInt(2 ** 30)}_${this.#photos.size}`;
    const size: PhotoSize = {
      file_id: `AgACAgSIM_${suffix}`,
      file_unique_id: `AQADSIM_${suffix}`,
      width,
      height,
      file_size: content.length,
    };
    this.#photos.set(size.file_id, { contentType: picture.contentType, content, size });
    const oldest = this.#photos.keys().next().value;
    if (this.#photos.size > PHOTOS_MAX && oldest !== undefined) this.#photos.delete(oldest);
    return size;
  }
}

interface Picture {
  contentType: string;
  width: number;
  height: number;
}

function readDimensions(content: Buffer): Picture | undefined {
  if (content.length >= 24 && content.readUInt32BE(0) === 0x89504e47) {
    const [width, height] = [content.readUInt32BE(16), content.readUInt32BE(20)];
    return { contentType: "image/png", width, height };
  }
  return content.length > 4 && content.readUInt16BE(0) === 0xffd8 ? readJpeg(content) : undefined;
}

/** Walks the segments to the frame header, which alone carries the size. */
function readJpeg(content: Buffer): Picture | undefined {
  let at = 2;
  while (at + 9 <= content.length && content[at] === 0xff) {
    const marker = content.readUInt8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      const [height, width] = [content.readUInt16BE(at + 5), content.readUInt16BE(at + 7)];
      return { contentType: "image/jpeg", width, height };
    }
    at += 2 + content.readUInt16BE(at + 2);
  }
  return undefined;
}
