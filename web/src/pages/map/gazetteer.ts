/**
 * Places of Zimbabwe to find one's way by: the 10 provinces, the rural districts and the main towns. Written from
 * general knowledge: every place is one approximate point (towns within a few kilometres, districts and provinces
 * somewhere in their middle), good for moving a map there and for nothing else. No boundary is meant.
 */
export interface Place {
  kind: "province" | "city" | "town" | "district";
  name: string;
  lon: number;
  lat: number;
  /** The province that it lies in; "" for provinces. */
  province: string;
}

type Row = readonly [Place["kind"], string, number, number, string];

const rows: readonly Row[] = [
  ["province", "Harare", 31.05, -17.83, ""],
  ["province", "Bulawayo", 28.58, -20.15, ""],
  ["province", "Manicaland", 32.4, -19.1, ""],
  ["province", "Mashonaland Central", 31.1, -16.8, ""],
  ["province", "Mashonaland East", 31.6, -18.2, ""],
  ["province", "Mashonaland West", 29.7, -17.2, ""],
  ["province", "Masvingo", 31.0, -20.7, ""],
  ["province", "Matabeleland North", 27.6, -18.6, ""],
  ["province", "Matabeleland South", 28.9, -21.2, ""],
  ["province", "Midlands", 29.7, -19.2, ""],
  ["city", "Harare", 31.053, -17.829, "Harare"],
  ["city", "Bulawayo", 28.58, -20.15, "Bulawayo"],
  ["city", "Mutare", 32.65, -18.971, "Manicaland"],
  ["city", "Gweru", 29.817, -19.45, "Midlands"],
  ["city", "Masvingo", 30.828, -20.064, "Masvingo"],
  ["city", "Chitungwiza", 31.076, -18.013, "Harare"],
  ["city", "Kwekwe", 29.815, -18.928, "Midlands"],
  ["city", "Kadoma", 29.915, -18.333, "Mashonaland West"],
  ["town", "Chinhoyi", 30.194, -17.367, "Mashonaland West"],
  ["town", "Bindura", 31.331, -17.302, "Mashonaland Central"],
  ["town", "Marondera", 31.552, -18.185, "Mashonaland East"],
  ["town", "Chegutu", 30.14, -18.13, "Mashonaland West"],
  ["town", "Norton", 30.7, -17.883, "Mashonaland West"],
  ["town", "Ruwa", 31.245, -17.89, "Mashonaland East"],
  ["town", "Rusape", 32.128, -18.528, "Manicaland"],
  ["town", "Chipinge", 32.624, -20.188, "Manicaland"],
  ["town", "Karoi", 29.692, -16.81, "Mashonaland West"],
  ["town", "Kariba", 28.8, -16.517, "Mashonaland West"],
  ["town", "Victoria Falls", 25.833, -17.932, "Matabeleland North"],
  ["town", "Hwange", 26.5, -18.365, "Matabeleland North"],
  ["town", "Gwanda", 29.0, -20.933, "Matabeleland South"],
  ["town", "Beitbridge", 30.0, -22.217, "Matabeleland South"],
  ["town", "Plumtree", 27.817, -20.483, "Matabeleland South"],
  ["town", "Zvishavane", 30.066, -20.327, "Midlands"],
  ["town", "Shurugwi", 30.006, -19.67, "Midlands"],
  ["town", "Redcliff", 29.783, -19.033, "Midlands"],
  ["town", "Gokwe", 28.933, -18.205, "Midlands"],
  ["town", "Chiredzi", 31.667, -21.05, "Masvingo"],
  ["town", "Triangle", 31.45, -21.03, "Masvingo"],
  ["town", "Mvurwi", 30.85, -17.033, "Mashonaland Central"],
  ["town", "Shamva", 31.575, -17.312, "Mashonaland Central"],
  ["town", "Glendale", 31.067, -17.355, "Mashonaland Central"],
  ["town", "Banket", 30.4, -17.383, "Mashonaland West"],
  ["town", "Mutoko", 32.227, -17.397, "Mashonaland East"],
  ["town", "Murewa", 31.783, -17.643, "Mashonaland East"],
  ["town", "Chivhu", 30.892, -19.021, "Mashonaland East"],
  ["town", "Nyanga", 32.74, -18.217, "Manicaland"],
  ["town", "Chimanimani", 32.872, -19.8, "Manicaland"],
  ["town", "Lupane", 27.807, -18.931, "Matabeleland North"],
  ["town", "Binga", 27.341, -17.62, "Matabeleland North"],
  ["town", "Mount Darwin", 31.583, -16.773, "Mashonaland Central"],
  ["town", "Chirundu", 28.85, -16.033, "Mashonaland West"],
  ["town", "Esigodini", 28.933, -20.3, "Matabeleland South"],
  ["town", "Filabusi", 29.283, -20.533, "Matabeleland South"],
  ["town", "Mberengwa", 29.917, -20.483, "Midlands"],
  ["town", "Mvuma", 30.533, -19.283, "Midlands"],
  ["town", "Gutu", 31.167, -19.65, "Masvingo"],
  ["town", "Rutenga", 30.733, -21.25, "Masvingo"],
  ["town", "Hauna", 32.833, -18.517, "Manicaland"],
  ["town", "Guruve", 30.7, -16.667, "Mashonaland Central"],
  ["town", "Centenary", 31.117, -16.733, "Mashonaland Central"],
  ["town", "Concession", 30.95, -17.383, "Mashonaland Central"],
  ["town", "Mhangura", 30.15, -16.9, "Mashonaland West"],
  ["town", "Murombedzi", 30.2, -17.717, "Mashonaland West"],
  ["town", "Macheke", 31.85, -18.15, "Mashonaland East"],
  ["town", "Tsholotsho", 27.767, -19.767, "Matabeleland North"],
  ["town", "Nkayi", 28.9, -19.0, "Matabeleland North"],
  ["town", "Maphisa", 28.467, -21.067, "Matabeleland South"],
  ["district", "Buhera", 31.43, -19.33, "Manicaland"],
  ["district", "Chimanimani", 32.55, -19.8, "Manicaland"],
  ["district", "Chipinge", 32.45, -20.35, "Manicaland"],
  ["district", "Makoni", 32.1, -18.45, "Manicaland"],
  ["district", "Mutare", 32.4, -19.15, "Manicaland"],
  ["district", "Mutasa", 32.75, -18.6, "Manicaland"],
  ["district", "Nyanga", 32.65, -18.0, "Manicaland"],
  ["district", "Bindura", 31.3, -17.25, "Mashonaland Central"],
  ["district", "Guruve", 30.65, -16.6, "Mashonaland Central"],
  ["district", "Mazowe", 30.95, -17.35, "Mashonaland Central"],
  ["district", "Mbire", 30.55, -16.15, "Mashonaland Central"],
  ["district", "Mount Darwin", 31.6, -16.6, "Mashonaland Central"],
  ["district", "Muzarabani", 31.1, -16.45, "Mashonaland Central"],
  ["district", "Rushinga", 32.15, -16.65, "Mashonaland Central"],
  ["district", "Shamva", 31.6, -17.2, "Mashonaland Central"],
  ["district", "Chikomba", 31.1, -18.95, "Mashonaland East"],
  ["district", "Goromonzi", 31.35, -17.8, "Mashonaland East"],
  ["district", "Marondera", 31.6, -18.3, "Mashonaland East"],
  ["district", "Mudzi", 32.5, -17.05, "Mashonaland East"],
  ["district", "Murewa", 31.8, -17.75, "Mashonaland East"],
  ["district", "Mutoko", 32.25, -17.35, "Mashonaland East"],
  ["district", "Seke", 31.15, -18.2, "Mashonaland East"],
  ["district", "Uzumba-Maramba-Pfungwe", 31.95, -17.0, "Mashonaland East"],
  ["district", "Wedza", 31.6, -18.65, "Mashonaland East"],
  ["district", "Chegutu", 30.3, -18.1, "Mashonaland West"],
  ["district", "Hurungwe", 29.5, -16.6, "Mashonaland West"],
  ["district", "Kariba", 28.7, -16.85, "Mashonaland West"],
  ["district", "Makonde", 30.05, -17.1, "Mashonaland West"],
  ["district", "Mhondoro-Ngezi", 30.1, -18.55, "Mashonaland West"],
  ["district", "Sanyati", 29.5, -18.0, "Mashonaland West"],
  ["district", "Zvimba", 30.45, -17.55, "Mashonaland West"],
  ["district", "Bikita", 31.75, -20.0, "Masvingo"],
  ["district", "Chiredzi", 31.8, -21.4, "Masvingo"],
  ["district", "Chivi", 30.55, -20.45, "Masvingo"],
  ["district", "Gutu", 31.2, -19.65, "Masvingo"],
  ["district", "Masvingo", 30.95, -20.2, "Masvingo"],
  ["district", "Mwenezi", 30.8, -21.45, "Masvingo"],
  ["district", "Zaka", 31.45, -20.35, "Masvingo"],
  ["district", "Binga", 27.5, -17.85, "Matabeleland North"],
  ["district", "Bubi", 28.55, -19.45, "Matabeleland North"],
  ["district", "Hwange", 26.3, -18.6, "Matabeleland North"],
  ["district", "Lupane", 27.8, -18.85, "Matabeleland North"],
  ["district", "Nkayi", 28.7, -18.95, "Matabeleland North"],
  ["district", "Tsholotsho", 27.4, -19.6, "Matabeleland North"],
  ["district", "Umguza", 28.35, -19.9, "Matabeleland North"],
  ["district", "Beitbridge", 29.9, -21.85, "Matabeleland South"],
  ["district", "Bulilima", 27.7, -20.15, "Matabeleland South"],
  ["district", "Gwanda", 29.1, -21.4, "Matabeleland South"],
  ["district", "Insiza", 29.25, -20.2, "Matabeleland South"],
  ["district", "Mangwe", 27.95, -20.75, "Matabeleland South"],
  ["district", "Matobo", 28.45, -20.85, "Matabeleland South"],
  ["district", "Umzingwane", 28.95, -20.4, "Matabeleland South"],
  ["district", "Chirumhanzu", 30.5, -19.6, "Midlands"],
  ["district", "Gokwe North", 28.75, -17.65, "Midlands"],
  ["district", "Gokwe South", 28.85, -18.45, "Midlands"],
  ["district", "Gweru", 29.75, -19.4, "Midlands"],
  ["district", "Kwekwe", 29.7, -18.75, "Midlands"],
  ["district", "Mberengwa", 30.05, -20.7, "Midlands"],
  ["district", "Shurugwi", 30.15, -19.8, "Midlands"],
  ["district", "Zvishavane", 30.1, -20.3, "Midlands"],
];

export const places: readonly Place[] = rows.map(([kind, name, lon, lat, province]) => ({ kind, name, lon, lat, province }));

/** How wide a view of such a place is, in degrees. */
export const SPAN: Record<Place["kind"], number> = { province: 2.4, district: 0.7, city: 0.3, town: 0.14 };

/** What a place is called in a list: names stand for a town and its district alike. */
export function titleOf({ kind, name, province }: Place): string {
  if (kind === "province") return `${name} (province)`;
  if (kind === "district") return `${name} district, ${province}`;
  return name === province ? name : `${name}, ${province}`;
}

/** Places whose name begins with the text, then those that have it elsewhere. */
export function findPlaces(text: string, limit = 8): Place[] {
  const wanted = fold(text);
  if (!wanted) return [];
  const starts = places.filter((one) => fold(one.name).startsWith(wanted));
  const holds = places.filter((one) => !starts.includes(one) && fold(titleOf(one)).includes(wanted));
  return [...starts, ...holds].slice(0, limit);
}

function fold(text: string): string {
  return text.trim().toLowerCase().normalize("NFD").replace(/[^a-z0-9 ]/g, "");
}
