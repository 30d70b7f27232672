/**
 * Tavus renamed persona to PAL and replica to face in mid 2026; both names stay valid (contract §0.3).
 * We send one set and accept both.
 */
export type Vocabulary = "pal" | "persona";

const NAMES = {
  pal: {
    pals: "/v2/pals",
    palId: "pal_id",
    palName: "pal_name",
    palType: "pal_type",
    faces: "/v2/faces",
    faceId: "face_id",
    faceType: "face_type",
    defaultFaceId: "default_face_id",
  },
  persona: {
    pals: "/v2/personas",
    palId: "persona_id",
    palName: "persona_name",
    palType: "persona_type",
    faces: "/v2/replicas",
    faceId: "replica_id",
    faceType: "replica_type",
    defaultFaceId: "default_replica_id",
  },
} as const;

export type Names = (typeof NAMES)[Vocabulary];

export function namesOf(vocabulary: Vocabulary): Names {
  return NAMES[vocabulary];
}

/** A string field under its name in either vocabulary. */
export function readName(row: Record<string, unknown>, field: keyof Names): string | undefined {
  for (const names of Object.values(NAMES)) {
    const value = row[names[field]];
    if (typeof value === "string" && value !== "") return value;
  }
  return undefined;
}
