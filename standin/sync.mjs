// Sync v1: maps and their items, as far as lists of parked conversations need them.
import { ACCOUNT_SID, SYNC_SERVICE_SID } from "./accounts.mjs";
import { badRequest, iso, newSid, notFound, page, Refusal } from "./shape.mjs";

const DATA_LIMIT = 16 * 1024;

export function createSync(twilio) {
  const { clock } = twilio;
  const maps = new Map();
  const root = `https://sync.twilio.com/v1/Services/${SYNC_SERVICE_SID}`;

  const gone = ({ expires }) => expires !== null && expires <= clock.now();
  // 0 seconds mean that it stays.
  const expiryOf = (seconds) => (seconds ? clock.now() + seconds * 1000 : null);

  function map(text) {
    const found = maps.get(text) ?? [...maps.values()].find(({ uniqueName }) => uniqueName === text);
    if (!found || gone(found)) throw notFound(`/v1/Services/${SYNC_SERVICE_SID}/Maps/${text}`);
    return found;
  }

  function item({ MapSid, Key }) {
    const { sid, items } = map(MapSid);
    const found = items.get(Key);
    if (!found || gone(found)) throw notFound(`/v1/Services/${SYNC_SERVICE_SID}/Maps/${sid}/Items/${Key}`);
    return found;
  }

  function touch(resource) {
    resource.revision += 1;
    resource.updated = clock.now();
  }

  const revision = ({ revision: number }) => number.toString(16);
  function match(resource, ifMatch) {
    if (ifMatch !== undefined && ifMatch !== revision(resource))
      throw new Refusal(412, 54103, "The revision of the Sync object does not match the expected revision");
  }

  function assertData(data) {
    if (data === null || typeof data !== "object" || Array.isArray(data)) throw badRequest("Data is not a JSON object", 20001);
    if (Buffer.byteLength(JSON.stringify(data)) > DATA_LIMIT) throw new Refusal(413, 54006, "Request entity too large");
  }

  const shared = (resource) => ({
    account_sid: ACCOUNT_SID,
    service_sid: SYNC_SERVICE_SID,
    revision: revision(resource),
    date_expires: resource.expires === null ? null : iso(resource.expires),
    date_created: iso(resource.created),
    date_updated: iso(resource.updated),
    created_by: "system",
  });
  const presentMap = (found) => ({
    ...shared(found),
    sid: found.sid,
    unique_name: found.uniqueName,
    url: `${root}/Maps/${found.sid}`,
    links: { items: `${root}/Maps/${found.sid}/Items`, permissions: `${root}/Maps/${found.sid}/Permissions` },
  });
  const presentItem = (found) => ({
    ...shared(found),
    key: found.key,
    map_sid: found.map.sid,
    data: found.data,
    url: `${root}/Maps/${found.map.sid}/Items/${encodeURIComponent(found.key)}`,
  });

  const fresh = () => ({ revision: 0, created: clock.now(), updated: clock.now() });

  function createMap({ UniqueName, Ttl, CollectionTtl }) {
    if (UniqueName && [...maps.values()].some((other) => other.uniqueName === UniqueName && !gone(other)))
      throw new Refusal(409, 54301, "Unique name already exists");
    const made = {
      sid: newSid("MP"),
      uniqueName: UniqueName ?? null,
      items: new Map(),
      expires: expiryOf(CollectionTtl ?? Ttl),
      ...fresh(),
    };
    maps.set(made.sid, made);
    return presentMap(made);
  }

  function createItem({ MapSid, Key, Data, Ttl, ItemTtl }) {
    const owner = map(MapSid);
    assertData(Data);
    const before = owner.items.get(Key);
    if (before && !gone(before)) throw new Refusal(409, 54208, "An Item with given key already exists in the Map");
    const made = { key: Key, map: owner, data: Data, expires: expiryOf(ItemTtl ?? Ttl), ...fresh() };
    owner.items.set(Key, made);
    touch(owner);
    return presentItem(made);
  }

  function updateItem(params) {
    const found = item(params);
    match(found, params["If-Match"]);
    if (params.Data !== undefined) {
      assertData(params.Data);
      found.data = params.Data;
    }
    const ttl = params.ItemTtl ?? params.Ttl;
    if (ttl !== undefined) found.expires = expiryOf(ttl);
    touch(found);
    return presentItem(found);
  }

  function deleteItem(params) {
    const found = item(params);
    match(found, params["If-Match"]);
    found.map.items.delete(found.key);
  }

  const living = (all) => [...all].filter((resource) => !gone(resource));
  const ofService = (handlers) =>
    Object.fromEntries(
      Object.entries(handlers).map(([id, handler]) => [
        id,
        (params, request) => {
          if (![SYNC_SERVICE_SID, "default"].includes(params.ServiceSid)) throw notFound(`/v1/Services/${params.ServiceSid}`);
          return handler(params, request);
        },
      ]),
    );

  const operations = ofService({
    CreateSyncMap: createMap,
    FetchSyncMap: ({ Sid }) => presentMap(map(Sid)),
    ListSyncMap: (_, request) => page(request, "maps", living(maps.values()).map(presentMap), 100),
    DeleteSyncMap: ({ Sid }) => void maps.delete(map(Sid).sid),
    CreateSyncMapItem: createItem,
    FetchSyncMapItem: (params) => presentItem(item(params)),
    UpdateSyncMapItem: updateItem,
    DeleteSyncMapItem: deleteItem,
    ListSyncMapItem: ({ MapSid }, request) =>
      page(
        request,
        "items",
        living(map(MapSid).items.values())
          .sort((a, b) => (a.key < b.key ? -1 : 1))
          .map(presentItem),
        100,
      ),
  });

  return { services: { "sync/v1": operations }, reset: () => maps.clear() };
}
