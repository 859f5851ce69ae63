// Made by `npm run types` from the OpenAPI document 3fae3460dcd41c4e; do not edit.
export interface paths {
    "/admin/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Acts
         * @description List what administrators did, the newest first.
         */
        get: operations["list_acts_admin_audit_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/datasets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List dataset versions
         * @description Return all dataset versions with batches, rows, labels, and how far features and models are.
         */
        get: operations["datasets_admin_datasets_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/datasets/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show a dataset version
         * @description Return one dataset version.
         */
        get: operations["dataset_admin_datasets__version__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/datasets/upload": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Upload label batches
         * @description Stream CSV batches into a dataset version: all of a request, or none.
         *
         *     Header, encoding and first rows of each file are judged by the contract of samples before anything is accepted;
         *     `errors` of a refusal names file, line and column. A batch is never overwritten with other content (409); the same
         *     content again is no error (200).
         */
        post: operations["upload_admin_datasets_upload_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List All
         * @description List jobs, the newest first.
         */
        get: operations["list_all_admin_jobs_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/jobs/{job_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show
         * @description Return one job.
         */
        get: operations["show_admin_jobs__job_id__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Metrics
         * @description Return the champion's metrics, and the mean over the versions of the past week.
         */
        get: operations["metrics_admin_metrics_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Models
         * @description List model versions, the newest first, with metrics and what the gate said.
         */
        get: operations["list_models_admin_models_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/models/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show
         * @description Return one model version with the gate's findings and links to its report.
         */
        get: operations["show_admin_models__version__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/models/{version}/promote": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Promote
         * @description Make maps with a version from now on: a job of some seconds, whose run reads the gate anew.
         *
         *     A version that the gate refuses is answered 409 with the gate's findings, unless `override_gate` is set.
         */
        post: operations["promote_admin_models__version__promote_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/models/{version}/report/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Report
         * @description Return a file of a version's evaluation report: text, figures, plots.
         */
        get: operations["report_admin_models__version__report__name__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/models/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Rollback
         * @description Go back to the champion before this one, or to a version; no gate is asked. A job that takes some seconds.
         */
        post: operations["rollback_admin_models_rollback_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/training": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Trainings
         * @description List trainings that were asked for through the API, the newest first.
         */
        get: operations["list_trainings_admin_training_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/training/{job_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show
         * @description Return one training.
         */
        get: operations["show_admin_training__job_id__get"];
        put?: never;
        post?: never;
        /**
         * Cancel
         * @description Cancel a training in flight; its run is stopped.
         */
        delete: operations["cancel_admin_training__job_id__delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/training/schedule": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Schedules
         * @description List the schedules.
         */
        get: operations["list_schedules_admin_training_schedule_get"];
        put?: never;
        /**
         * Add Schedule
         * @description Train by the clock, every so many minutes or by a cron line in UTC. Missed times are made up for once.
         */
        post: operations["add_schedule_admin_training_schedule_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/training/schedule/{schedule_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Remove Schedule
         * @description Remove a schedule; a training that it started goes on.
         */
        delete: operations["remove_schedule_admin_training_schedule__schedule_id__delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/training/schema": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Schema
         * @description Return the JSON schema of the hyperparameters, with defaults and bounds.
         */
        get: operations["schema_admin_training_schema_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/training/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Start
         * @description Train a model: prepare the dataset version where it is not prepared, then train, evaluate and judge.
         *
         *     The same training in flight is answered with its job. `model_version` is your label for the version to be.
         */
        post: operations["start_admin_training_start_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/training/watch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Watches
         * @description List the watches.
         */
        get: operations["list_watches_admin_training_watch_get"];
        put?: never;
        /**
         * Add Watch
         * @description Tell when the champion was trained longer ago than so many minutes: an event, and the alert webhook.
         */
        post: operations["add_watch_admin_training_watch_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/training/watch/{watch_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Remove Watch
         * @description Remove a watch.
         */
        delete: operations["remove_watch_admin_training_watch__watch_id__delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List All
         * @description List users by name.
         */
        get: operations["list_all_admin_users_get"];
        put?: never;
        /**
         * Add
         * @description Add a user.
         */
        post: operations["add_admin_users_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/users/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change
         * @description Disable or enable a user, set the limit of jobs, or reset the password; what is left out stays as it is.
         */
        patch: operations["change_admin_users__name__patch"];
        trace?: never;
    };
    "/aois": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List All
         * @description List one's AOIs, the newest first; administrators see everybody's.
         */
        get: operations["list_all_aois_get"];
        put?: never;
        /**
         * Draw
         * @description Keep an AOI. The same geometry is the same AOI, however it is written.
         */
        post: operations["draw_aois_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/aois/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show
         * @description Show an AOI.
         */
        get: operations["show_aois__id__get"];
        put?: never;
        post?: never;
        /**
         * Forget
         * @description Forget an AOI of one's own, and one's predictions of it; others who drew the same keep theirs.
         */
        delete: operations["forget_aois__id__delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who Am I
         * @description Tell who is logged in, and what they may do.
         */
        get: operations["who_am_i_auth_me_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log In
         * @description Give a token for a name and a password (OAuth2 password form).
         */
        post: operations["log_in_auth_token_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/baselines": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Baselines
         * @description List the baselines by year: which are there, their tiles, bounds, legend and downloads.
         */
        get: operations["list_baselines_baselines_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/baselines/{year}/{asset}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download Baseline
         * @description Go to a file of a baseline: an address that lasts, where the store's own links end.
         */
        get: operations["download_baseline_baselines__year___asset__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Stream
         * @description Follow the platform by Server-Sent Events: from now on, or after `Last-Event-ID`.
         *
         *     Types: `training_finished`, `promoted`, `gate_refused`, `accuracy_low`, `accuracy_high`, `model_too_old`,
         *     `run_failed`, `dataset_prepared`.
         */
        get: operations["stream_events_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * History
         * @description Return events of the past, oldest first; ask again with `after` = `next` while there are more.
         */
        get: operations["history_events_history_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events/link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Link
         * @description Return an address of the stream for EventSource, which sends no headers; good for half a day, for you alone.
         */
        get: operations["link_events_link_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/files/{bucket}/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download
         * @description Download a published file by a signed link; parts of it by `Range`, so that GIS programs can read it in place.
         */
        get: operations["download_files__bucket___key__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Healthz
         * @description Tell that the process lives and answers: for a liveness probe.
         */
        get: operations["healthz_healthz_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/inference": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Infer
         * @description Return class and probabilities for feature vectors, or for places measured in imagery.
         *
         *     The champion answers, or the version that is named. At most 10,000 feature vectors or 100 samples a request.
         */
        post: operations["infer_inference_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Metrics
         * @description Give the numbers of this process and of the platform's queue in Prometheus' text form.
         */
        get: operations["metrics_metrics_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/numbers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Numbers
         * @description Tell jobs by state, the warm worker's slots, and how long requests and maps took: `/metrics` in short.
         */
        get: operations["numbers_numbers_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/predictions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List All
         * @description List one's predictions, the newest first; administrators see everybody's.
         */
        get: operations["list_all_predictions_get"];
        put?: never;
        /**
         * Ask
         * @description Ask for the crop map of an AOI and a season.
         */
        post: operations["ask_predictions_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/predictions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show
         * @description Show how far a prediction is, and its map when that is ready.
         */
        get: operations["show_predictions__id__get"];
        put?: never;
        post?: never;
        /**
         * Cancel
         * @description Cancel a prediction in flight that nobody else waits for; forget any other.
         */
        delete: operations["cancel_predictions__id__delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/predictions/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow
         * @description Follow a prediction by Server-Sent Events; `Last-Event-ID` resumes after a lost connection.
         */
        get: operations["follow_predictions__id__events_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/predictions/{id}/pixel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Pixel
         * @description Return the map's pixel at a place (degrees, WGS 84) with its course over the season beside its class's.
         */
        get: operations["pixel_predictions__id__pixel_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/quota": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show
         * @description Tell how many jobs one has started and may still start.
         */
        get: operations["show_quota_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Readyz
         * @description Tell that database and object store answer: for a readiness probe.
         */
        get: operations["readyz_readyz_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/stac": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show Catalogue
         * @description Open the catalogue: its children are the collections.
         */
        get: operations["show_catalogue_stac_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/stac/collections/{collection}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show Collection
         * @description Show a collection with links to its items: the crop maps that the caller may see, or all baselines.
         */
        get: operations["show_collection_stac_collections__collection__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/stac/collections/{collection}/items/{item_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show Item
         * @description Show an item; its assets can be opened by their links for some hours.
         */
        get: operations["show_item_stac_collections__collection__items__item_id__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Status
         * @description Tell how each service is, since when, and why: administrators see more of it.
         *
         *     Probed at most every 5 s, never waiting long for a dead one.
         */
        get: operations["status_status_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tiles/info": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Info
         * @description Bounds, projection, size, bands and classes of a published raster.
         */
        get: operations["info_tiles_info_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tiles/point/{lon},{lat}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Point
         * @description Class, confidence and number of clear observations of the pixel at a place (degrees, WGS 84).
         */
        get: operations["point_tiles_point__lon___lat__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tiles/preview.{format}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Preview
         * @description The whole raster as a small picture, in its own projection.
         */
        get: operations["preview_tiles_preview__format__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tiles/WebMercatorQuad/{z}/{x}/{y}.{format}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tile
         * @description One tile in the colours of the classes; nodata is transparent.
         */
        get: operations["tile_tiles_WebMercatorQuad__z___x___y___format__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tiles/WebMercatorQuad/tilejson.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tilejson
         * @description TileJSON of a published raster, for OpenLayers, MapLibre, Leaflet and QGIS.
         */
        get: operations["tilejson_tiles_WebMercatorQuad_tilejson_json_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/workflow": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Workflow
         * @description Show the asset graph: what depends on what, how many partitions are made, and when each asset last was.
         *
         *     Dagster is asked at most every 15 s.
         */
        get: operations["workflow_workflow_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * AoiLinks
         * @description Where to go on.
         */
        AoiLinks: {
            /**
             * Predictions
             * @description The predictions of this AOI.
             */
            predictions: string;
            /** Self */
            self: string;
        };
        /**
         * AoiSummary
         * @description An AOI without its geometry.
         */
        AoiSummary: {
            /**
             * Area Ha
             * @description Hectares on the ellipsoid.
             * @example 117.3
             */
            area_ha: number;
            /**
             * Bbox
             * @description West, south, east, north in degrees.
             */
            bbox: [
                number,
                number,
                number,
                number
            ];
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /**
             * Id
             * @description The same geometry has the same id.
             * @example a1f3c5b7d9e0f2a4c
             */
            id: string;
            links: components["schemas"]["AoiLinks"];
            /** Name */
            name: string | null;
            /**
             * Owners
             * @description Who drew it; for administrators only.
             */
            owners?: string[] | null;
        };
        /**
         * AoiView
         * @description An AOI.
         */
        AoiView: {
            /**
             * Area Ha
             * @description Hectares on the ellipsoid.
             * @example 117.3
             */
            area_ha: number;
            /**
             * Bbox
             * @description West, south, east, north in degrees.
             */
            bbox: [
                number,
                number,
                number,
                number
            ];
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /**
             * Geometry
             * @description Normalised GeoJSON (EPSG:4326, 7 decimals).
             * @example {
             *       "coordinates": [
             *         [
             *           [
             *             31,
             *             -17.8
             *           ],
             *           [
             *             31.01,
             *             -17.8
             *           ],
             *           [
             *             31.01,
             *             -17.79
             *           ],
             *           [
             *             31,
             *             -17.79
             *           ],
             *           [
             *             31,
             *             -17.8
             *           ]
             *         ]
             *       ],
             *       "type": "Polygon"
             *     }
             */
            geometry: {
                [key: string]: unknown;
            };
            /**
             * Id
             * @description The same geometry has the same id.
             * @example a1f3c5b7d9e0f2a4c
             */
            id: string;
            links: components["schemas"]["AoiLinks"];
            /** Name */
            name: string | null;
            /**
             * Owners
             * @description Who drew it; for administrators only.
             */
            owners?: string[] | null;
        };
        /**
         * AreaInterval
         * @description A class's hectares, corrected by the model's errors on held-out places, with their 95 % interval.
         *
         *     It holds if the model errs here as it did there.
         */
        AreaInterval: {
            /**
             * Estimated
             * @description Hectares.
             * @example 38.9
             */
            estimated: number;
            /**
             * High
             * @description Hectares.
             * @example 46.7
             */
            high: number;
            /**
             * Low
             * @description Hectares.
             * @example 31
             */
            low: number;
        };
        /**
         * AssetView
         * @description One asset of the graph.
         */
        AssetView: {
            /**
             * Depends On
             * @description Names of assets; one that is not listed is a source.
             * @example []
             */
            depends_on: string[];
            /** Description */
            description: string;
            /**
             * Group
             * @example maps
             */
            group: string;
            /**
             * Kinds
             * @example [
             *       "python"
             *     ]
             */
            kinds: string[];
            /**
             * Last
             * @description The newest materialization; null: there was none yet.
             */
            last: string | null;
            /**
             * Name
             * @example season_composite
             */
            name: string;
            /** @description Null: the asset has none. */
            partitions: components["schemas"]["PartitionsView"] | null;
        };
        /**
         * AuditView
         * @description Who did what.
         */
        AuditView: {
            /**
             * Action
             * @example user.add
             */
            action: string;
            /**
             * Actor
             * @example root
             */
            actor: string;
            /**
             * At
             * Format: date-time
             */
            at: string;
            /**
             * Details
             * @example {
             *       "role": "recruiter"
             *     }
             */
            details: {
                [key: string]: unknown;
            };
            /**
             * Subject
             * @example ada
             */
            subject: string;
        };
        /**
         * Baseline
         * @description The Dynamic World baseline of one year; what is not there yet is null.
         */
        Baseline: {
            /** Available */
            available: boolean;
            /**
             * Bounds
             * @description West, south, east, north in degrees.
             */
            bounds: [
                number,
                number,
                number,
                number
            ] | null;
            /** Created */
            created: string | null;
            /**
             * Download
             * @description The Cloud Optimized GeoTIFF.
             */
            download: string | null;
            /**
             * Simulated
             * @description Whether it was made of simulated data.
             */
            simulated: boolean | null;
            /** Stac Item */
            stac_item: string | null;
            /** Thumbnail */
            thumbnail: string | null;
            /**
             * Tilejson
             * @description TileJSON of the map's tiles.
             */
            tilejson: string | null;
            /**
             * Year
             * @example 2020
             */
            year: number;
        };
        /**
         * BaselineList
         * @description The baselines of all years, with what a legend needs.
         */
        BaselineList: {
            /** Attribution */
            attribution: string;
            /** Baselines */
            baselines: components["schemas"]["Baseline"][];
            /** Classes */
            classes: components["schemas"]["ClassEntry"][];
            /**
             * License
             * @example CC-BY-4.0
             */
            license: string;
        };
        /**
         * BatchInfo
         * @description One batch of a dataset version.
         */
        BatchInfo: {
            /**
             * Modified
             * Format: date-time
             */
            modified: string;
            /** Name */
            name: string;
            /**
             * Rows
             * @description Lines below the header; null where nobody has counted yet.
             */
            rows: number | null;
            /**
             * Samples
             * @description Samples kept of it; null before the version is prepared.
             */
            samples: number | null;
            /**
             * Size
             * @description Bytes.
             */
            size: number;
        };
        /** Body_log_in_auth_token_post */
        Body_log_in_auth_token_post: {
            /** Client Id */
            client_id?: string | null;
            /**
             * Client Secret
             * Format: password
             */
            client_secret?: string | null;
            /** Grant Type */
            grant_type?: string | null;
            /**
             * Password
             * Format: password
             */
            password: string;
            /**
             * Scope
             * @default
             */
            scope: string;
            /** Username */
            username: string;
        };
        /**
         * BoxRequest
         * @description A rectangle in degrees (WGS 84).
         * @example {
         *       "bbox": [
         *         31,
         *         -17.8,
         *         31.01,
         *         -17.79
         *       ],
         *       "name": "Field by the river"
         *     }
         */
        BoxRequest: {
            /**
             * Bbox
             * @description West, south, east, north.
             * @example [
             *       31,
             *       -17.8,
             *       31.01,
             *       -17.79
             *     ]
             */
            bbox: [
                number,
                number,
                number,
                number
            ];
            /**
             * Name
             * @description What its user calls it.
             * @example Field by the river
             */
            name?: string | null;
        };
        /**
         * ClassArea
         * @description How much of the AOI has a class.
         */
        ClassArea: {
            /**
             * Code
             * @description Pixel value of band 1.
             * @example 3
             */
            code: number;
            /**
             * Color
             * @example #ffd700
             */
            color: string;
            /**
             * Hectares
             * @example 41.2
             */
            hectares: number;
            /** @description Null: the model has no evaluation, or the map was made before there were intervals. */
            interval?: components["schemas"]["AreaInterval"] | null;
            /**
             * Mean Confidence
             * @description Percent.
             * @example 87.5
             */
            mean_confidence: number;
            /**
             * Name
             * @example maize
             */
            name: string;
            /**
             * Share
             * @description Of the AOI's pixels, 0 to 1.
             * @example 0.35
             */
            share: number;
            /**
             * Title
             * @example Maize
             */
            title: string;
        };
        /**
         * ClassEntry
         * @description One class of a legend.
         */
        ClassEntry: {
            /**
             * Code
             * @description Pixel value.
             * @example 1
             */
            code: number;
            /**
             * Color
             * @description `#rrggbb`.
             * @example #f0c808
             */
            color: string;
            /**
             * Name
             * @example maize
             */
            name: string;
            /**
             * Title
             * @description The name for people.
             * @example Maize
             */
            title: string;
        };
        /**
         * Classified
         * @description What the model says of one row.
         */
        Classified: {
            /**
             * Class
             * @example maize
             */
            class: string;
            /**
             * Code
             * @description Of maps.
             * @example 1
             */
            code: number;
            /**
             * Inside Area Of Applicability
             * @description False: nothing like it was among the training samples.
             */
            inside_area_of_applicability: boolean;
            /**
             * Probabilities
             * @description Calibrated, by class.
             * @example {
             *       "maize": 0.83
             *     }
             */
            probabilities: {
                [key: string]: number;
            };
            /**
             * Title
             * @example Maize
             */
            title: string;
        };
        /**
         * ClassRecallView
         * @description Recall of one class by candidate and champion on the same held-out samples.
         */
        ClassRecallView: {
            /** Candidate */
            candidate: number;
            /** Champion */
            champion: number;
            /** Down */
            down: boolean;
            /** Label */
            label: string;
            /** Rule */
            rule: string;
            /** Support */
            support: number;
        };
        /**
         * Dataset
         * @description One dataset version: its batches, and what was made of them.
         */
        Dataset: {
            /** Batches */
            batches: components["schemas"]["BatchInfo"][];
            /** Complete */
            complete: boolean;
            /**
             * Digest
             * @description Of the content: batches and sidecar.
             */
            digest: string;
            /**
             * Features
             * @enum {string}
             */
            features: "absent" | "stale" | "ready";
            /**
             * Labels
             * @description Class -> samples, once prepared.
             * @example {
             *       "maize": 812
             *     }
             */
            labels: {
                [key: string]: number;
            };
            /** Models */
            models: components["schemas"]["DatasetModel"][];
            /** Recipe */
            recipe: string | null;
            /**
             * Rows
             * @description Samples, once prepared.
             */
            rows: number | null;
            /**
             * Samples
             * @description `stale`: made from other batches than those of now.
             * @enum {string}
             */
            samples: "absent" | "stale" | "ready";
            /**
             * Size
             * @description Bytes of all batches.
             */
            size: number;
            /**
             * Version
             * @example 2024-06
             */
            version: string;
        };
        /**
         * DatasetModel
         * @description A model that was trained from a dataset version.
         */
        DatasetModel: {
            /** Champion */
            champion: boolean;
            /**
             * Created
             * Format: date-time
             */
            created: string;
            /**
             * Current
             * @description Trained from the batches that are there now.
             */
            current: boolean;
            /**
             * Gate
             * @description `passed` or `refused`, against the champion of that moment.
             */
            gate: string | null;
            /** Variant */
            variant: string;
            /** Version */
            version: number;
        };
        /**
         * Estimate
         * @description What asking for a map would mean; nothing was started or kept.
         */
        Estimate: {
            aoi: components["schemas"]["PredictedAoi"];
            /**
             * Costs
             * @description Jobs that it would cost: 0 when it is there or in flight, or you are not counted.
             */
            costs: number;
            /**
             * Expected Reason
             * @description Why that is not known.
             */
            expected_reason: string | null;
            /**
             * Expected Seconds
             * @description From start to map, by what past jobs took per hectare.
             */
            expected_seconds: number | null;
            /**
             * Lane
             * @enum {string}
             */
            lane: "interactive" | "batch";
            quota: components["schemas"]["QuotaView"];
            /**
             * Scenes
             * @description Scenes that the map would be made of; 0: there is nothing to map.
             */
            scenes: number | null;
            /**
             * Scenes Reason
             * @description Why the number is not known.
             */
            scenes_reason: string | null;
            /** Season */
            season: string;
            /**
             * State
             * @description Whether the map is there, or being made.
             * @enum {string}
             */
            state: "new" | "in flight" | "ready";
        };
        /**
         * EventsPage
         * @description Events of the past, oldest first.
         */
        EventsPage: {
            /** Items */
            items: components["schemas"]["EventView"][];
            /**
             * Next
             * @description Ask with `after` = this for more; null at the end.
             */
            next: number | null;
        };
        /**
         * EventView
         * @description One thing that happened.
         */
        EventView: {
            /**
             * At
             * Format: date-time
             */
            at: string;
            /**
             * Data
             * @example {
             *       "gate": "passed",
             *       "macro_f1": 0.81,
             *       "model_version": 7
             *     }
             */
            data: {
                [key: string]: unknown;
            };
            /**
             * Id
             * @example 42
             */
            id: number;
            /**
             * Type
             * @example training_finished
             */
            type: string;
        };
        /**
         * FieldProblem
         * @description One thing that is wrong with a request, and where.
         */
        FieldProblem: {
            /**
             * Message
             * @example Field required
             */
            message: string;
            /**
             * Where
             * @description Path to the field, such as `body.aoi` or `query.limit`.
             * @example body.season
             */
            where: string;
        };
        /**
         * Finding
         * @description One thing that the gate looked at.
         */
        Finding: {
            /** Code */
            code: string;
            /** Passed */
            passed: boolean;
            /** Text */
            text: string;
        };
        /**
         * GateView
         * @description What the gate said when the version was evaluated.
         */
        GateView: {
            /**
             * Against
             * @description The champion that it was judged against; null: there was none.
             */
            against: number | null;
            /** Macro F1 */
            macro_f1: number | null;
            /** Macro F1 Champion */
            macro_f1_champion: number | null;
            /** Passed */
            passed: boolean;
            /** Probability Better */
            probability_better: number | null;
            /**
             * Reasons
             * @description Sentences with the figures.
             */
            reasons: string[];
            /**
             * Refused For
             * @description Stable codes.
             * @example [
             *       "not-better"
             *     ]
             */
            refused_for: string[];
            /**
             * Samples
             * @description Held-out samples that it was judged on.
             */
            samples: number;
        };
        /**
         * GeoJsonRequest
         * @description A Polygon, a MultiPolygon, or a Feature of one, in WGS 84 longitude and latitude.
         * @example {
         *       "coordinates": [
         *         [
         *           [
         *             31,
         *             -17.8
         *           ],
         *           [
         *             31.01,
         *             -17.8
         *           ],
         *           [
         *             31.01,
         *             -17.79
         *           ],
         *           [
         *             31,
         *             -17.79
         *           ],
         *           [
         *             31,
         *             -17.8
         *           ]
         *         ]
         *       ],
         *       "name": "Field by the river",
         *       "type": "Polygon"
         *     }
         * @example {
         *       "geometry": {
         *         "coordinates": [
         *           [
         *             [
         *               31,
         *               -17.8
         *             ],
         *             [
         *               31.01,
         *               -17.8
         *             ],
         *             [
         *               31.01,
         *               -17.79
         *             ],
         *             [
         *               31,
         *               -17.79
         *             ],
         *             [
         *               31,
         *               -17.8
         *             ]
         *           ]
         *         ],
         *         "type": "Polygon"
         *       },
         *       "properties": {
         *         "name": "Field by the river"
         *       },
         *       "type": "Feature"
         *     }
         */
        GeoJsonRequest: {
            /**
             * Coordinates
             * @description Of a Polygon or a MultiPolygon: closed rings.
             */
            coordinates?: unknown[] | null;
            /**
             * Geometry
             * @description Of a Feature.
             */
            geometry?: {
                [key: string]: unknown;
            } | null;
            /**
             * Name
             * @description What its user calls it; a Feature's property `name` does as well.
             */
            name?: string | null;
            /**
             * Type
             * @example Polygon
             * @enum {string}
             */
            type: "Polygon" | "MultiPolygon" | "Feature" | "FeatureCollection";
        } & {
            [key: string]: unknown;
        };
        /**
         * Health
         * @description All is well.
         */
        Health: {
            /**
             * Status
             * @constant
             */
            status: "ok";
        };
        /**
         * Histogram
         * @description Times, by how long they were.
         */
        Histogram: {
            /** Buckets */
            buckets: components["schemas"]["HistogramBucket"][];
            /** Count */
            count: number;
            /**
             * Seconds
             * @description The sum of all.
             */
            seconds: number;
        };
        /**
         * HistogramBucket
         * @description How many took at most this long, and longer than the bucket before says.
         */
        HistogramBucket: {
            /** Count */
            count: number;
            /**
             * Up To
             * @description Seconds; null: any longer time.
             * @example 2
             */
            up_to: number | null;
        };
        /**
         * InferenceAnswer
         * @description Classes and probabilities, row by row in the order of the request.
         */
        InferenceAnswer: {
            /**
             * Classes
             * @description In the order of codes.
             */
            classes: string[];
            /**
             * Model Version
             * @example 7
             */
            model_version: number;
            /**
             * Recipe
             * @example s2-season@1
             */
            recipe: string;
            /** Rows */
            rows: (components["schemas"]["Classified"] | components["schemas"]["NotMeasured"])[];
        };
        /**
         * InferenceRequest
         * @description What to classify: `features` or `samples`, one of the two.
         */
        InferenceRequest: {
            /**
             * Features
             * @description At most 10,000 feature vectors, by the names of the model's recipe: a list of objects, or columns and rows. Null (or NaN) is missing; features that the model does not use may be there.
             */
            features?: {
                [key: string]: number | null;
            }[] | components["schemas"]["Matrix"] | null;
            /**
             * Model Version
             * @description Number of a model version; null: the champion.
             * @example null
             */
            model_version?: number | null;
            /**
             * Samples
             * @description At most 100 places: each reads the scenes of its season, which takes seconds.
             */
            samples?: components["schemas"]["Sample"][] | null;
        };
        /**
         * JobView
         * @description One piece of work that Dagster does, whoever asked for it.
         */
        JobView: {
            /**
             * Cancelling
             * @description Somebody has asked for an end; the run is being stopped.
             */
            cancelling: boolean;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Ended At */
            ended_at: string | null;
            /**
             * Id
             * @example 0f8fad5bd9cb469fa16570867728950e
             */
            id: string;
            /**
             * Kind
             * @example training
             */
            kind: string;
            /**
             * Lane
             * @example batch
             */
            lane: string;
            /**
             * Partition
             * @example 2024-06|Raw
             */
            partition: string | null;
            /**
             * Position
             * @description In the lane's queue.
             */
            position: number | null;
            /**
             * Progress
             * @description Percent.
             * @example 40
             */
            progress: number;
            /**
             * Reason
             * @description Why it waits or failed.
             */
            reason: string | null;
            /** Reason Code */
            reason_code: string | null;
            /**
             * Request
             * @description What was asked for.
             */
            request: {
                [key: string]: unknown;
            };
            /**
             * Result
             * @description Of a job that is ready.
             */
            result: {
                [key: string]: unknown;
            } | null;
            /** Run Id */
            run_id: string | null;
            /**
             * Run Url
             * @description The run's page in Dagster.
             */
            run_url: string | null;
            /**
             * Stage
             * @description Which of the stages is under way, from 1.
             * @example 2
             */
            stage: number;
            /**
             * Stages
             * @description Runs that follow each other.
             * @example [
             *       "prepare_dataset",
             *       "train_models"
             *     ]
             */
            stages: string[];
            /** Started At */
            started_at: string | null;
            /**
             * State
             * @example running
             */
            state: string;
            /**
             * Step
             * @example fitting xgboost
             */
            step: string | null;
            /**
             * User
             * @description Who started it.
             * @example ada
             */
            user: string | null;
        };
        /**
         * LegendEntry
         * @description One class of the map.
         */
        LegendEntry: {
            /**
             * Code
             * @description Pixel value of band 1.
             * @example 3
             */
            code: number;
            /**
             * Color
             * @example #ffd700
             */
            color: string;
            /**
             * Name
             * @example maize
             */
            name: string;
            /**
             * Title
             * @example Maize
             */
            title: string;
        };
        /**
         * MapResult
         * @description The map, and what is known of it.
         */
        MapResult: {
            /**
             * Areas
             * @description The largest class first.
             */
            areas: components["schemas"]["ClassArea"][];
            /**
             * Areas Csv
             * @description The table of areas.
             */
            areas_csv: string;
            /**
             * Bundle Hash
             * @description Content hash of the model.
             */
            bundle_hash: string;
            /**
             * Caveat
             * @description What the areas are not.
             */
            caveat: string;
            /**
             * Download
             * @description The cloud-optimised GeoTIFF: class, confidence, clear observations.
             */
            download: string;
            /** Hectares Mapped */
            hectares_mapped: number;
            /**
             * Legend
             * @description All classes, in the order of their codes.
             */
            legend: components["schemas"]["LegendEntry"][];
            /**
             * Mean Confidence
             * @description Percent, over the mapped pixels.
             */
            mean_confidence: number;
            /** Model Version */
            model_version: number;
            /**
             * Share Applicable
             * @description Of the mapped pixels that look like the training samples.
             */
            share_applicable: number | null;
            /**
             * Share Mapped
             * @description Of the AOI's pixels that were ever seen clear, 0 to 1.
             */
            share_mapped: number;
            /**
             * Simulated
             * @description Made of simulated scenes.
             */
            simulated: boolean;
            /**
             * Stac
             * @description The item in the STAC catalogue, which needs the token: always the newest map.
             */
            stac: string;
            /**
             * Stac Item
             * @description The STAC item as it was published: scenes, model and dataset of this map.
             */
            stac_item: string;
            /**
             * Thumbnail
             * @description PNG.
             */
            thumbnail: string;
            /**
             * Tilejson
             * @description TileJSON, in the class colours.
             */
            tilejson: string;
        };
        /**
         * Matrix
         * @description Feature vectors as rows under columns; null (or NaN) is missing.
         */
        Matrix: {
            /**
             * Columns
             * @example [
             *       "ndvi_01",
             *       "ndvi_02"
             *     ]
             */
            columns: string[];
            /**
             * Rows
             * @example [
             *       [
             *         0.21,
             *         0.35
             *       ],
             *       [
             *         0.5,
             *         null
             *       ]
             *     ]
             */
            rows: (number | null)[][];
        };
        /**
         * Me
         * @description Who is logged in.
         */
        Me: {
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /**
             * Job Limit
             * @description Jobs that may be started; null: any number.
             * @example 5
             */
            job_limit: number | null;
            /**
             * Max Aoi Ha
             * @description Largest AOI in hectares.
             * @example 10000
             */
            max_aoi_ha: number;
            /**
             * Name
             * @example ada
             */
            name: string;
            /**
             * Role
             * @enum {string}
             */
            role: "admin" | "recruiter";
        };
        /**
         * Metrics
         * @description How good the champion is, and what was trained lately.
         */
        Metrics: {
            /**
             * Champion
             * @description Version number; null before the first promotion.
             */
            champion: number | null;
            /** Champion Metrics */
            champion_metrics: {
                [key: string]: number;
            };
            /**
             * Past Days
             * @default 7
             * @constant
             */
            past_days: 7;
            /**
             * Past Mean
             * @description Mean of each metric over those versions that have it.
             */
            past_mean: {
                [key: string]: number;
            };
            /**
             * Past Versions
             * @description Registered in these days.
             */
            past_versions: number[];
        };
        /**
         * ModelDetail
         * @description One model version, with all of the gate's evidence and links to its report.
         */
        ModelDetail: {
            /** Aliases */
            aliases: string[];
            /** Bundle Hash */
            bundle_hash: string;
            /** Champion */
            champion: boolean;
            /**
             * Created
             * Format: date-time
             */
            created: string;
            /**
             * Dataset Version
             * @example 2024-06
             */
            dataset_version: string;
            /** Evaluated */
            evaluated: boolean;
            /** Findings */
            findings: components["schemas"]["Finding"][];
            /** @description Null before the evaluation. */
            gate: components["schemas"]["GateView"] | null;
            /**
             * Label
             * @description What the one who started its training called it.
             * @example long-rains-2024
             */
            label: string | null;
            /**
             * Links
             * @example {
             *       "report.md": "https://.../admin/models/7/report/report.md"
             *     }
             */
            links: {
                [key: string]: string;
            };
            /**
             * Metrics
             * @example {
             *       "macro_f1": 0.81,
             *       "overall_accuracy": 0.86
             *     }
             */
            metrics: {
                [key: string]: number;
            };
            /** Mlflow Run Id */
            mlflow_run_id: string;
            /** Recalls */
            recalls: components["schemas"]["ClassRecallView"][];
            /**
             * Recipe
             * @example s2-season@1
             */
            recipe: string;
            /**
             * Variant
             * @example Raw
             */
            variant: string;
            /**
             * Version
             * @example 7
             */
            version: number;
        };
        /**
         * ModelView
         * @description One model version.
         */
        ModelView: {
            /** Aliases */
            aliases: string[];
            /** Champion */
            champion: boolean;
            /**
             * Created
             * Format: date-time
             */
            created: string;
            /**
             * Dataset Version
             * @example 2024-06
             */
            dataset_version: string;
            /** @description Null before the evaluation. */
            gate: components["schemas"]["GateView"] | null;
            /**
             * Label
             * @description What the one who started its training called it.
             * @example long-rains-2024
             */
            label: string | null;
            /**
             * Metrics
             * @example {
             *       "macro_f1": 0.81,
             *       "overall_accuracy": 0.86
             *     }
             */
            metrics: {
                [key: string]: number;
            };
            /**
             * Recipe
             * @example s2-season@1
             */
            recipe: string;
            /**
             * Variant
             * @example Raw
             */
            variant: string;
            /**
             * Version
             * @example 7
             */
            version: number;
        };
        /**
         * NewSchedule
         * @description A training by the clock: give `minutes` or `cron`.
         */
        NewSchedule: {
            /**
             * Cron
             * @description Start by a cron line of five fields, in UTC.
             * @example 0 3 * * MON
             */
            cron?: string | null;
            /**
             * Dataset Version
             * @description A dataset version that has batches.
             * @example 2024-06
             */
            dataset_version: string;
            /**
             * Hyperparameters
             * @description Settings over the defaults, as `GET /admin/training/schema` lists them.
             * @default {}
             * @example {
             *       "forest": {
             *         "n_estimators": 300
             *       },
             *       "seed": 7
             *     }
             */
            hyperparameters: {
                [key: string]: unknown;
            };
            /**
             * Minutes
             * @description Start every so many minutes.
             */
            minutes?: number | null;
            /**
             * Model Variant
             * @enum {string}
             */
            model_variant: "Raw" | "Scaled";
        };
        /**
         * NewTraining
         * @description A training to start now.
         */
        NewTraining: {
            /**
             * Dataset Version
             * @description A dataset version that has batches.
             * @example 2024-06
             */
            dataset_version: string;
            /**
             * Hyperparameters
             * @description Settings over the defaults, as `GET /admin/training/schema` lists them.
             * @default {}
             * @example {
             *       "forest": {
             *         "n_estimators": 300
             *       },
             *       "seed": 7
             *     }
             */
            hyperparameters: {
                [key: string]: unknown;
            };
            /**
             * Model Variant
             * @description `Raw`: features as measured; `Scaled`: standardised.
             * @enum {string}
             */
            model_variant: "Raw" | "Scaled";
            /** Model Version */
            model_version?: string | null;
        };
        /**
         * NewUser
         * @description A user to add.
         */
        NewUser: {
            /**
             * Job Limit
             * @description Jobs that may be started; null: the role's.
             * @example 5
             */
            job_limit?: number | null;
            /**
             * Name
             * @description 3 to 64 of a-z, 0-9, dot, underscore, hyphen; kept in lower case.
             * @example ada
             */
            name: string;
            /**
             * Password
             * Format: password
             * @example correct horse 7
             */
            password: string;
            /**
             * Role
             * @enum {string}
             */
            role: "admin" | "recruiter";
        };
        /**
         * NewWatch
         * @description An alert when the champion gets old.
         */
        NewWatch: {
            /**
             * Minutes
             * @description Tell when the champion was trained longer ago than this.
             * @example 1440
             */
            minutes: number;
        };
        /**
         * NotMeasured
         * @description A sample that imagery has no features for.
         */
        NotMeasured: {
            /**
             * Problem
             * @enum {string}
             */
            problem: "no-place" | "no-scenes" | "no-clear-observation";
        };
        /**
         * Numbers
         * @description Numbers of the API process that answers, and of the platform's queue; null where nobody could be asked.
         */
        Numbers: {
            /** Cpu Seconds */
            cpu_seconds: number | null;
            /**
             * Jobs
             * @description By state.
             * @example {
             *       "queued": 0,
             *       "ready": 12
             *     }
             */
            jobs: {
                [key: string]: number;
            } | null;
            /** Lane Busy */
            lane_busy: number | null;
            /** Lane Queue */
            lane_queue: number | null;
            /**
             * Lane Slots
             * @description Of the warm worker.
             */
            lane_slots: number | null;
            /** @description From a request to its map. */
            map_seconds: components["schemas"]["Histogram"];
            /** Memory Bytes */
            memory_bytes: number | null;
            /** @description To the first byte of an answer. */
            request_seconds: components["schemas"]["Histogram"];
            /**
             * Requests
             * @description Answered, by kind of status.
             * @example {
             *       "2xx": 812,
             *       "4xx": 3
             *     }
             */
            requests: {
                [key: string]: number;
            };
            /**
             * Started At
             * @description When this process started: requests and times count from then.
             */
            started_at: string | null;
        };
        /** Page[AoiSummary] */
        Page_AoiSummary_: {
            /** Items */
            items: components["schemas"]["AoiSummary"][];
            /**
             * Limit
             * @example 50
             */
            limit: number;
            /**
             * Offset
             * @example 0
             */
            offset: number;
            /**
             * Total
             * @description Of all pages.
             * @example 3
             */
            total: number;
        };
        /** Page[AuditView] */
        Page_AuditView_: {
            /** Items */
            items: components["schemas"]["AuditView"][];
            /**
             * Limit
             * @example 50
             */
            limit: number;
            /**
             * Offset
             * @example 0
             */
            offset: number;
            /**
             * Total
             * @description Of all pages.
             * @example 3
             */
            total: number;
        };
        /** Page[JobView] */
        Page_JobView_: {
            /** Items */
            items: components["schemas"]["JobView"][];
            /**
             * Limit
             * @example 50
             */
            limit: number;
            /**
             * Offset
             * @example 0
             */
            offset: number;
            /**
             * Total
             * @description Of all pages.
             * @example 3
             */
            total: number;
        };
        /** Page[ModelView] */
        Page_ModelView_: {
            /** Items */
            items: components["schemas"]["ModelView"][];
            /**
             * Limit
             * @example 50
             */
            limit: number;
            /**
             * Offset
             * @example 0
             */
            offset: number;
            /**
             * Total
             * @description Of all pages.
             * @example 3
             */
            total: number;
        };
        /** Page[PredictionView] */
        Page_PredictionView_: {
            /** Items */
            items: components["schemas"]["PredictionView"][];
            /**
             * Limit
             * @example 50
             */
            limit: number;
            /**
             * Offset
             * @example 0
             */
            offset: number;
            /**
             * Total
             * @description Of all pages.
             * @example 3
             */
            total: number;
        };
        /** Page[UserView] */
        Page_UserView_: {
            /** Items */
            items: components["schemas"]["UserView"][];
            /**
             * Limit
             * @example 50
             */
            limit: number;
            /**
             * Offset
             * @example 0
             */
            offset: number;
            /**
             * Total
             * @description Of all pages.
             * @example 3
             */
            total: number;
        };
        /**
         * PartitionsView
         * @description How many partitions of an asset are how.
         */
        PartitionsView: {
            /**
             * All
             * @example 12
             */
            all: number;
            /**
             * Failed
             * @description Whose newest try failed.
             * @example 1
             */
            failed: number;
            /**
             * Materialized
             * @example 10
             */
            materialized: number;
            /**
             * Materializing
             * @example 0
             */
            materializing: number;
        };
        /**
         * PixelCurve
         * @description A layer of the pixel over the season, as the model saw it.
         */
        PixelCurve: {
            /**
             * Layer
             * @example ndvi
             */
            layer: string;
            /**
             * Observed
             * @description By step: whether it was seen clear; else the value is filled.
             */
            observed: boolean[];
            /**
             * Steps
             * @description Of the season, in order.
             * @example [
             *       "sep",
             *       "oct",
             *       "nov"
             *     ]
             */
            steps: string[];
            /** @description Null where the class has too few pixels on this map. */
            typical: components["schemas"]["TypicalCurve"] | null;
            /**
             * Values
             * @description By step; gaps are filled from the steps around.
             */
            values: (number | null)[];
        };
        /**
         * PixelView
         * @description A pixel: its class, how sure the model is, how often it was seen, and its course over the season.
         */
        PixelView: {
            /** @description Null where nothing was mapped. */
            class: components["schemas"]["ClassEntry"] | null;
            /**
             * Clear Observations
             * @example 23
             */
            clear_observations: number | null;
            /**
             * Confidence
             * @description Percent.
             * @example 87
             */
            confidence: number | null;
            /** @description Null where it is not known. */
            curve: components["schemas"]["PixelCurve"] | null;
            /**
             * Curve Reason
             * @description Why the curve is not known.
             */
            curve_reason: string | null;
            /** Lat */
            lat: number;
            /** Lon */
            lon: number;
        };
        /**
         * PointValues
         * @description The pixel at a place.
         */
        PointValues: {
            /** @description The class of the pixel; null where there is none. */
            class: components["schemas"]["ClassEntry"] | null;
            /** Lat */
            lat: number;
            /** Lon */
            lon: number;
            /**
             * Values
             * @description By band; null where the map has no data.
             * @example {
             *       "class": 1,
             *       "confidence": 87
             *     }
             */
            values: {
                [key: string]: number | null;
            };
        };
        /**
         * PredictedAoi
         * @description Of where the map is.
         */
        PredictedAoi: {
            /** Area Ha */
            area_ha: number;
            /**
             * Bbox
             * @description West, south, east, north in degrees.
             */
            bbox: [
                number,
                number,
                number,
                number
            ];
            /**
             * Id
             * @example a1f3c5b7d9e0f2a4c
             */
            id: string;
            /** Name */
            name: string | null;
        };
        /**
         * PredictionLinks
         * @description Where to go on.
         */
        PredictionLinks: {
            /** Aoi */
            aoi: string;
            /**
             * Events
             * @description Server-Sent Events; the token in it is good for an hour.
             */
            events: string;
            /** Self */
            self: string;
        };
        /**
         * PredictionRequest
         * @description Which map is wanted.
         * @example {
         *       "aoi": "a1f3c5b7d9e0f2a4c",
         *       "season": "2023-2024"
         *     }
         * @example {
         *       "aoi": {
         *         "bbox": [
         *           31,
         *           -17.8,
         *           31.01,
         *           -17.79
         *         ],
         *         "name": "Field by the river"
         *       },
         *       "season": "2023-2024"
         *     }
         */
        PredictionRequest: {
            /**
             * Aoi
             * @description The id of an AOI, or its geometry, which is then kept as an AOI of yours.
             */
            aoi: string | components["schemas"]["BoxRequest"] | components["schemas"]["GeoJsonRequest"];
            /**
             * Season
             * @description Two years that follow each other: 1 September of the first to 31 August of the second.
             * @example 2023-2024
             */
            season: string;
        };
        /**
         * PredictionStarted
         * @description A prediction, and what can be looked at until its map is there.
         */
        PredictionStarted: {
            aoi: components["schemas"]["PredictedAoi"];
            /**
             * Baselines
             * @description TileJSON of the Dynamic World baseline by year, 2015 to 2025; null where there is none.
             */
            baselines: {
                [key: string]: string | null;
            };
            /**
             * Cancelling
             * @description It was asked to stop, and has not yet.
             */
            cancelling: boolean;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Ended At */
            ended_at: string | null;
            /** Id */
            id: string;
            /** Job Id */
            job_id: string;
            /**
             * Lane
             * @enum {string}
             */
            lane: "interactive" | "batch";
            links: components["schemas"]["PredictionLinks"];
            /**
             * Position
             * @description In the queue of the lane, from 1.
             */
            position: number | null;
            /**
             * Progress
             * @description Percent.
             */
            progress: number;
            /**
             * Reason
             * @description Why it failed, or what it waits for.
             */
            reason: string | null;
            /** Reason Code */
            reason_code: string | null;
            /**
             * Requested By
             * @description For administrators only.
             */
            requested_by?: string | null;
            /** @description When the state is `ready`. */
            result: components["schemas"]["MapResult"] | null;
            /**
             * Run
             * @description The run's page in Dagster; for administrators only.
             */
            run?: string | null;
            /** Season */
            season: string;
            /** Started At */
            started_at: string | null;
            /**
             * State
             * @enum {string}
             */
            state: "queued" | "running" | "ready" | "failed" | "cancelled";
            /**
             * Step
             * @description What is being done.
             * @example reading scenes
             */
            step: string | null;
        };
        /**
         * PredictionView
         * @description A prediction: one user's request for the map of an AOI and a season.
         */
        PredictionView: {
            aoi: components["schemas"]["PredictedAoi"];
            /**
             * Cancelling
             * @description It was asked to stop, and has not yet.
             */
            cancelling: boolean;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Ended At */
            ended_at: string | null;
            /** Id */
            id: string;
            /** Job Id */
            job_id: string;
            /**
             * Lane
             * @enum {string}
             */
            lane: "interactive" | "batch";
            links: components["schemas"]["PredictionLinks"];
            /**
             * Position
             * @description In the queue of the lane, from 1.
             */
            position: number | null;
            /**
             * Progress
             * @description Percent.
             */
            progress: number;
            /**
             * Reason
             * @description Why it failed, or what it waits for.
             */
            reason: string | null;
            /** Reason Code */
            reason_code: string | null;
            /**
             * Requested By
             * @description For administrators only.
             */
            requested_by?: string | null;
            /** @description When the state is `ready`. */
            result: components["schemas"]["MapResult"] | null;
            /**
             * Run
             * @description The run's page in Dagster; for administrators only.
             */
            run?: string | null;
            /** Season */
            season: string;
            /** Started At */
            started_at: string | null;
            /**
             * State
             * @enum {string}
             */
            state: "queued" | "running" | "ready" | "failed" | "cancelled";
            /**
             * Step
             * @description What is being done.
             * @example reading scenes
             */
            step: string | null;
        };
        /**
         * Problem
         * @description What every error answers (RFC 9457, `application/problem+json`).
         */
        Problem: {
            /**
             * Code
             * @description Stable: programs can rely on it.
             * @example quota-exceeded
             */
            code: string;
            /**
             * Detail
             * @description What went wrong this time.
             * @example You have started 5 of 5 jobs.
             */
            detail: string;
            /**
             * Errors
             * @description What is wrong with which field.
             * @default null
             */
            errors: components["schemas"]["FieldProblem"][] | null;
            /**
             * Hint
             * @description What the reader can do.
             * @example Ask an administrator for a higher limit.
             */
            hint: string;
            /**
             * Instance
             * @description Path of the request.
             * @example /predictions
             */
            instance: string;
            /**
             * Status
             * @example 429
             */
            status: number;
            /**
             * Title
             * @description What the status means.
             * @example Too Many Requests
             */
            title: string;
            /**
             * Type
             * @description `urn:geocrop:` and the code.
             * @example urn:geocrop:quota-exceeded
             */
            type: string;
        };
        /**
         * Promote
         * @description Why a version shall make the maps from now on.
         */
        Promote: {
            /**
             * Override Gate
             * @description Promote although the gate refuses; recorded.
             * @default false
             */
            override_gate: boolean;
            /**
             * Reason
             * @description Why; it is kept in the audit.
             * @example better on sorghum, by the field visit of May
             */
            reason: string;
        };
        /**
         * QuotaView
         * @description How many jobs one may start. Maps that are there already cost nothing, nor do those that others have started.
         */
        QuotaView: {
            /**
             * Left
             * @description Null: any number.
             * @example 3
             */
            left: number | null;
            /**
             * Limit
             * @description Null: any number.
             * @example 5
             */
            limit: number | null;
            /**
             * Started
             * @description Jobs that were counted; failures of the platform are given back.
             * @example 2
             */
            started: number;
        };
        /**
         * RasterInfo
         * @description What is known of a published raster.
         */
        RasterInfo: {
            /**
             * Bands
             * @example [
             *       "class",
             *       "confidence",
             *       "clear_observations"
             *     ]
             */
            bands: string[];
            /**
             * Bounds
             * @description West, south, east, north in degrees.
             */
            bounds: [
                number,
                number,
                number,
                number
            ];
            /** Classes */
            classes: components["schemas"]["ClassEntry"][];
            /**
             * Crs
             * @example EPSG:32736
             */
            crs: string;
            /** Height */
            height: number;
            /** Name */
            name: string;
            /** Width */
            width: number;
        };
        /**
         * Rollback
         * @description Why to go back, and to which version.
         */
        Rollback: {
            /**
             * Reason
             * @description Why; it is kept in the audit.
             * @example better on sorghum, by the field visit of May
             */
            reason: string;
            /**
             * Version
             * @description Null: the champion before this one.
             */
            version?: number | null;
        };
        /**
         * Sample
         * @description A place and a season, to be measured in imagery.
         */
        Sample: {
            /**
             * Lat
             * @example -17.83
             */
            lat: number;
            /**
             * Lon
             * @example 31.05
             */
            lon: number;
            /**
             * Season
             * @example 2023-2024
             */
            season: string;
        };
        /**
         * ScheduleView
         * @description A schedule, and how it fared.
         */
        ScheduleView: {
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Created By */
            created_by: string;
            /**
             * Cron
             * @description In UTC.
             */
            cron: string | null;
            /** Dataset Version */
            dataset_version: string;
            /** Hyperparameters */
            hyperparameters: {
                [key: string]: unknown;
            };
            /** Id */
            id: string;
            /** Last Job Id */
            last_job_id: string | null;
            /**
             * Last Problem
             * @description Why it started none the last time.
             */
            last_problem: string | null;
            /** Minutes */
            minutes: number | null;
            /** Model Variant */
            model_variant: string;
            /**
             * Next At
             * Format: date-time
             * @description When it starts a training next; a time gone by waits for the one before.
             */
            next_at: string;
        };
        /**
         * ServiceStatus
         * @description How one service is.
         */
        ServiceStatus: {
            /**
             * Details
             * @description What more is known, such as a version or an error's words; for administrators only.
             * @example null
             */
            details: {
                [key: string]: string;
            } | null;
            /**
             * Name
             * @example database
             */
            name: string;
            /**
             * Reason
             * @description Why it is not live.
             * @example null
             */
            reason: string | null;
            /**
             * Since
             * Format: date-time
             * @description When this process saw it enter this state.
             */
            since: string;
            /**
             * State
             * @enum {string}
             */
            state: "live" | "degraded" | "down";
        };
        /**
         * StatusPage
         * @description How the platform is.
         */
        StatusPage: {
            /** Services */
            services: components["schemas"]["ServiceStatus"][];
            /**
             * State
             * @description `down` without the API's database or the object store; else `degraded`.
             * @enum {string}
             */
            state: "live" | "degraded" | "down";
        };
        /**
         * StreamLink
         * @description An address that needs no header.
         */
        StreamLink: {
            /**
             * Url
             * @example https://.../events?user=ada&token=...
             */
            url: string;
        };
        /**
         * TileJson
         * @description TileJSON 3.0.0, with the classes of the map besides.
         */
        TileJson: {
            /** Attribution */
            attribution: string;
            /**
             * Bounds
             * @description West, south, east, north in degrees.
             */
            bounds: [
                number,
                number,
                number,
                number
            ];
            /** Center */
            center: [
                number,
                number,
                number
            ];
            /** Classes */
            classes: components["schemas"]["ClassEntry"][];
            /** Maxzoom */
            maxzoom: number;
            /** Minzoom */
            minzoom: number;
            /**
             * Name
             * @example dynamic-world-2020
             */
            name: string;
            /**
             * Scheme
             * @default xyz
             */
            scheme: string;
            /**
             * Tilejson
             * @default 3.0.0
             */
            tilejson: string;
            /**
             * Tiles
             * @description One template with `{z}`, `{x}` and `{y}`.
             */
            tiles: string[];
        };
        /**
         * TokenAnswer
         * @description A token and how long it is good for.
         */
        TokenAnswer: {
            /**
             * Access Token
             * @example eyJhbGciOiJIUzI1NiIs...
             */
            access_token: string;
            /**
             * Expires In
             * @description Seconds.
             * @example 3600
             */
            expires_in: number;
            /**
             * Token Type
             * @default bearer
             * @constant
             */
            token_type: "bearer";
        };
        /**
         * TypicalCurve
         * @description How the layer runs over the map's pixels of the class.
         */
        TypicalCurve: {
            /**
             * High
             * @description By step: one pixel of ten lies above.
             */
            high: (number | null)[];
            /**
             * Low
             * @description By step: one pixel of ten lies below.
             */
            low: (number | null)[];
            /**
             * Mean
             * @description By step.
             */
            mean: (number | null)[];
            /**
             * Pixels
             * @description That were sampled of the class.
             * @example 640
             */
            pixels: number;
        };
        /**
         * UploadAnswer
         * @description What an upload came to.
         */
        UploadAnswer: {
            /** Batches */
            batches: components["schemas"]["UploadedBatch"][];
            /**
             * Complete
             * @description The marker is there: preparing begins without the quiet period.
             */
            complete: boolean;
            /** Links */
            links: {
                [key: string]: string;
            };
            /**
             * Sidecar
             * @description What dataset.yaml says now.
             * @example {
             *       "season": "2023-2024"
             *     }
             */
            sidecar: {
                [key: string]: unknown;
            };
            /**
             * Version
             * @example 2024-06
             */
            version: string;
        };
        /**
         * UploadedBatch
         * @description One batch of an upload that was accepted.
         */
        UploadedBatch: {
            /**
             * Kind
             * @enum {string}
             */
            kind: "places" | "features";
            /**
             * Lines
             * @description Lines below the header.
             * @example 1200
             */
            lines: number;
            /**
             * Name
             * @example mutoko_2024.csv
             */
            name: string;
            /**
             * Recipe
             * @description Of a batch that brings features.
             * @example geomad-semiannual@1
             */
            recipe: string | null;
            /**
             * Size
             * @description Bytes.
             * @example 48213
             */
            size: number;
            /**
             * State
             * @description `unchanged`: it was there already, with this content.
             * @enum {string}
             */
            state: "new" | "unchanged";
            /**
             * Warnings
             * @default []
             */
            warnings: string[];
        };
        /**
         * UserChange
         * @description What to change of a user; what is left out stays.
         * @example {
         *       "disabled": true
         *     }
         * @example {
         *       "job_limit": 10
         *     }
         * @example {}
         */
        UserChange: {
            /**
             * Disabled
             * @description A disabled user's tokens end at once.
             * @default false
             */
            disabled: boolean;
            /**
             * Job Limit
             * @description Jobs that may be started; null: the role's.
             * @example 5
             */
            job_limit?: number | null;
            /**
             * Password
             * @description A new password; tokens of the old one end.
             */
            password?: string | null;
        };
        /**
         * UserView
         * @description A user, as administrators see them.
         */
        UserView: {
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Disabled */
            disabled: boolean;
            /**
             * Job Limit
             * @description Null: the role's.
             * @example null
             */
            job_limit: number | null;
            /**
             * Jobs Started
             * @description Jobs that count against the limit.
             * @example 2
             */
            jobs_started: number;
            /**
             * Name
             * @example ada
             */
            name: string;
            /**
             * Role
             * @enum {string}
             */
            role: "admin" | "recruiter";
        };
        /**
         * WatchView
         * @description A watch over the champion's age.
         */
        WatchView: {
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Created By */
            created_by: string;
            /** Id */
            id: string;
            /**
             * Last Told Version
             * @description The champion that was told of: each is told once.
             */
            last_told_version: number | null;
            /** Minutes */
            minutes: number;
        };
        /**
         * WorkflowView
         * @description The asset graph as Dagster knows it. Partitions are counted, not named: they are people's areas.
         */
        WorkflowView: {
            /**
             * Asked At
             * Format: date-time
             * @description When Dagster was asked; the answer is kept for some seconds.
             */
            asked_at: string;
            /** Assets */
            assets: components["schemas"]["AssetView"][];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    list_acts_admin_audit_get: {
        parameters: {
            query?: {
                /** @description Items in the answer. */
                limit?: number;
                /** @description Items left out before them. */
                offset?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_AuditView_"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    datasets_admin_datasets_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Dataset"][];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `store-unavailable`: Start the object store or correct its address, keys or disk, then try again: it does not answer.; `registry-unavailable`: Check that MLflow is up and that GEOCROP_MLFLOW_URI names it. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    dataset_admin_datasets__version__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Dataset"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `not-found`: Check the address: there is no such thing, or it is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-version-name`: Name the dataset version in lower case: letters, digits, dots, hyphens; at most 63 characters. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `store-unavailable`: Start the object store or correct its address, keys or disk, then try again: it does not answer.; `registry-unavailable`: Check that MLflow is up and that GEOCROP_MLFLOW_URI names it. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    upload_admin_datasets_upload_post: {
        parameters: {
            query: {
                /** @description Begin preparing at once, without the quiet period. */
                complete?: boolean;
                /** @description Recipe that places are measured with. */
                recipe?: string | null;
                /** @description Season of rows that name none. */
                season?: string | null;
                /** @description Dataset version: lower case, such as `2024-06`. */
                version: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": {
                    /** @description CSV batches, each with its name. */
                    files: string[];
                };
            };
        };
        responses: {
            /** @description Every batch was there already, with the same content. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadAnswer"];
                };
            };
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadAnswer"];
                };
            };
            /** @description Bad Request; `upload-broken`: Send the files again: the body ended before its end, or is not multipart/form-data. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Timeout; `body-too-slow`: Send the body faster, or in smaller requests. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict; `batch-exists`: Give the batch another name, or the dataset another version: a batch is never overwritten with other content.; `sidecar-exists`: Leave recipe and season away, or use another version: dataset.yaml says something else already. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large; `body-too-large`: Send less: the message gives the limit. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `batches-refused`: Correct the files where `errors` says; nothing of this upload was kept. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `store-unavailable`: Start the object store or correct its address, keys or disk, then try again: it does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_all_admin_jobs_get: {
        parameters: {
            query?: {
                kind?: ("prediction" | "training" | "promotion") | null;
                /** @description Items in the answer. */
                limit?: number;
                /** @description Items left out before them. */
                offset?: number;
                state?: ("queued" | "running" | "ready" | "failed" | "cancelled") | null;
                /** @description Who started them. */
                user?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_JobView_"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    show_admin_jobs__job_id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A job's id. */
                job_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobView"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `not-found`: Check the address: there is no such thing, or it is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    metrics_admin_metrics_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Metrics"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `registry-unavailable`: Check that MLflow is up and that GEOCROP_MLFLOW_URI names it.; `store-unavailable`: Start the object store or correct its address, keys or disk, then try again: it does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_models_admin_models_get: {
        parameters: {
            query?: {
                /** @description Items in the answer. */
                limit?: number;
                /** @description Items left out before them. */
                offset?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_ModelView_"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `registry-unavailable`: Check that MLflow is up and that GEOCROP_MLFLOW_URI names it.; `store-unavailable`: Start the object store or correct its address, keys or disk, then try again: it does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    show_admin_models__version__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Number of a model version. */
                version: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelDetail"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `model-version-not-found`: Name a registered model version: `geocrop status` lists them. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `registry-unavailable`: Check that MLflow is up and that GEOCROP_MLFLOW_URI names it.; `store-unavailable`: Start the object store or correct its address, keys or disk, then try again: it does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    promote_admin_models__version__promote_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Number of a model version. */
                version: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Promote"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobView"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `model-version-not-found`: Name a registered model version: `geocrop status` lists them.; `bundle-not-found`: Train the model again, or roll back to another version: its bundle is not in the object store. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Timeout; `body-too-slow`: Send the body faster, or in smaller requests. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict; `already-champion`: Name another version: maps are made with this one already.; `not-evaluated`: Materialize `evaluation` of this model's partition first: the gate has nothing to judge it by.; `gate-refused`: Train a better candidate, or ask again with `override_gate` and a reason: `errors` has the gate's findings.; `promotion-in-progress`: Look who is champion now, wait a minute, and try again: another act of promotion came between. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large; `body-too-large`: Send less: the message gives the limit. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `registry-unavailable`: Check that MLflow is up and that GEOCROP_MLFLOW_URI names it.; `store-unavailable`: Start the object store or correct its address, keys or disk, then try again: it does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    report_admin_models__version__report__name__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
                /** @description Number of a model version. */
                version: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": unknown;
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `model-version-not-found`: Name a registered model version: `geocrop status` lists them.; `not-found`: Check the address: there is no such thing, or it is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `registry-unavailable`: Check that MLflow is up and that GEOCROP_MLFLOW_URI names it.; `store-unavailable`: Start the object store or correct its address, keys or disk, then try again: it does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    rollback_admin_models_rollback_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rollback"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobView"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `model-version-not-found`: Name a registered model version: `geocrop status` lists them.; `bundle-not-found`: Train the model again, or roll back to another version: its bundle is not in the object store. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Timeout; `body-too-slow`: Send the body faster, or in smaller requests. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict; `already-champion`: Name another version: maps are made with this one already.; `nothing-to-roll-back-to`: Name the version to go back to: no earlier champion is on record.; `promotion-in-progress`: Look who is champion now, wait a minute, and try again: another act of promotion came between. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large; `body-too-large`: Send less: the message gives the limit. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `registry-unavailable`: Check that MLflow is up and that GEOCROP_MLFLOW_URI names it.; `store-unavailable`: Start the object store or correct its address, keys or disk, then try again: it does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_trainings_admin_training_get: {
        parameters: {
            query?: {
                /** @description Items in the answer. */
                limit?: number;
                /** @description Items left out before them. */
                offset?: number;
                state?: ("queued" | "running" | "ready" | "failed" | "cancelled") | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_JobView_"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    show_admin_training__job_id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A job's id. */
                job_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobView"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `not-found`: Check the address: there is no such thing, or it is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancel_admin_training__job_id__delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A job's id. */
                job_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobView"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `not-found`: Check the address: there is no such thing, or it is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict; `conflict`: Look at the present state and decide anew: it does not allow this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_schedules_admin_training_schedule_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduleView"][];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    add_schedule_admin_training_schedule_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewSchedule"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduleView"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `dataset-not-found`: Upload a batch of this dataset version first; GET /admin/datasets lists what there is. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Timeout; `body-too-slow`: Send the body faster, or in smaller requests. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict; `too-many-kept`: Remove one first: there may be a hundred. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large; `body-too-large`: Send less: the message gives the limit. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `hyperparameters-refused`: Correct the hyperparameters that `errors` names; GET /admin/training/schema has them all. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `store-unavailable`: Start the object store or correct its address, keys or disk, then try again: it does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    remove_schedule_admin_training_schedule__schedule_id__delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A job's id. */
                schedule_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `not-found`: Check the address: there is no such thing, or it is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    schema_admin_training_schema_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    start_admin_training_start_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewTraining"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobView"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `dataset-not-found`: Upload a batch of this dataset version first; GET /admin/datasets lists what there is. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Timeout; `body-too-slow`: Send the body faster, or in smaller requests. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict; `training-in-flight`: Follow the training in flight, or cancel it first: it has other settings than those asked for now. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large; `body-too-large`: Send less: the message gives the limit. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `hyperparameters-refused`: Correct the hyperparameters that `errors` names; GET /admin/training/schema has them all. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `store-unavailable`: Start the object store or correct its address, keys or disk, then try again: it does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_watches_admin_training_watch_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WatchView"][];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    add_watch_admin_training_watch_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewWatch"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WatchView"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Timeout; `body-too-slow`: Send the body faster, or in smaller requests. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict; `too-many-kept`: Remove one first: there may be a hundred. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large; `body-too-large`: Send less: the message gives the limit. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    remove_watch_admin_training_watch__watch_id__delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A job's id. */
                watch_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `not-found`: Check the address: there is no such thing, or it is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_all_admin_users_get: {
        parameters: {
            query?: {
                /** @description Items in the answer. */
                limit?: number;
                /** @description Items left out before them. */
                offset?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_UserView_"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    add_admin_users_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewUser"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserView"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Timeout; `body-too-slow`: Send the body faster, or in smaller requests. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict; `user-exists`: Choose another name: this one is taken, also when its account is disabled. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large; `body-too-large`: Send less: the message gives the limit. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_admin_users__name__patch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A user's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserChange"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserView"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `user-not-found`: Check the name: GET /admin/users and `geocrop users list` give those that there are. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Timeout; `body-too-slow`: Send the body faster, or in smaller requests. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict; `last-admin`: Add another administrator first: without one, nobody could undo this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large; `body-too-large`: Send less: the message gives the limit. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_all_aois_get: {
        parameters: {
            query?: {
                /** @description Items in the answer. */
                limit?: number;
                /** @description Items left out before them. */
                offset?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_AoiSummary_"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    draw_aois_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BoxRequest"] | components["schemas"]["GeoJsonRequest"];
            };
        };
        responses: {
            /** @description It is yours already. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AoiView"];
                };
            };
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AoiView"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Timeout; `body-too-slow`: Send the body faster, or in smaller requests. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large; `body-too-large`: Send less: the message gives the limit. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-aoi`: Send one closed, valid polygon in WGS 84 longitude and latitude; the message says what it lacks.; `aoi-outside-extent`: Draw the AOI inside the served extent; the message gives its bounds.; `aoi-too-large`: Draw a smaller AOI, or cut it into several; the message gives the limit. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    show_aois__id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Of the AOI. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AoiView"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `not-found`: Check the address: there is no such thing, or it is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    forget_aois__id__delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Of the AOI. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `not-found`: Check the address: there is no such thing, or it is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict; `aoi-in-use`: Wait until the map is made, or cancel its prediction first; then delete the AOI. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    who_am_i_auth_me_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    log_in_auth_token_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-www-form-urlencoded": components["schemas"]["Body_log_in_auth_token_post"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenAnswer"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `wrong-credentials`: Check name and password; an administrator can reset a password. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Timeout; `body-too-slow`: Send the body faster, or in smaller requests. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large; `body-too-large`: Send less: the message gives the limit. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too Many Requests; `too-many-logins`: Wait for the seconds in `Retry-After`, then log in with the right password. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_baselines_baselines_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BaselineList"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `store-unavailable`: Start the object store or correct its address, keys or disk, then try again: it does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    download_baseline_baselines__year___asset__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Asset of the STAC item. */
                asset: "data" | "sidecar" | "thumbnail";
                year: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            307: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `not-found`: Check the address: there is no such thing, or it is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `store-unavailable`: Start the object store or correct its address, keys or disk, then try again: it does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    stream_events_get: {
        parameters: {
            query?: {
                /** @description As Last-Event-ID. */
                lastEventId?: number | null;
                /** @description Of a link: EventSource sends no headers. */
                token?: string | null;
                /** @description Of a link: whose it is. */
                user?: string | null;
            };
            header?: {
                /** @description Go on after this event. */
                "last-event-id"?: number | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events of the platform, without an end. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `link-refused`: Ask for the page again, which gives fresh links: this one is not valid, or its time is over.; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    history_events_history_get: {
        parameters: {
            query?: {
                /** @description Events after this one. */
                after?: number;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventsPage"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    link_events_link_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StreamLink"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `forbidden`: Ask an administrator: your role may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    download_files__bucket___key__get: {
        parameters: {
            query?: {
                /** @description Name of the saved file. */
                filename?: string | null;
                /** @description The link's signature. */
                token?: string | null;
            };
            header?: {
                /** @description Parts of the file, in bytes. */
                range?: string | null;
            };
            path: {
                bucket: string;
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": unknown;
                };
            };
            /** @description The part of the file that was asked for. */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": unknown;
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `link-refused`: Ask for the page again, which gives fresh links: this one is not valid, or its time is over. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `not-found`: Check the address: there is no such thing, or it is not yours.; `object-not-found`: Check the key, or materialize the asset that writes it: the store has no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Requested Range Not Satisfiable; `range-refused`: Ask for a range inside the file, such as `Range: bytes=0-16383`; `Content-Range` tells its size. */
            416: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `store-unavailable`: Start the object store or correct its address, keys or disk, then try again: it does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    healthz_healthz_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    infer_inference_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["InferenceRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InferenceAnswer"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `model-version-not-found`: Name a registered model version: `geocrop status` lists them.; `bundle-not-found`: Train the model again, or roll back to another version: its bundle is not in the object store. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Timeout; `body-too-slow`: Send the body faster, or in smaller requests. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict; `no-champion`: Promote a model first: `geocrop promote VERSION --reason ...`. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large; `body-too-large`: Send less: the message gives the limit. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `inference-refused`: Correct what the message names: features go by the names of the model's recipe. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `registry-unavailable`: Check that MLflow is up and that GEOCROP_MLFLOW_URI names it.; `store-unavailable`: Start the object store or correct its address, keys or disk, then try again: it does not answer.; `catalogue-unavailable`: Try again later, or check the catalogue's address: it did not answer, or not with STAC.; `lane-down`: Try again in a little while; the warm worker (`geocrop lane`) answers, and it is not there or busy. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    metrics_metrics_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": unknown;
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    numbers_numbers_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Numbers"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_all_predictions_get: {
        parameters: {
            query?: {
                /** @description Only those of this AOI. */
                aoi?: string | null;
                /** @description Items in the answer. */
                limit?: number;
                /** @description Items left out before them. */
                offset?: number;
                /** @description Only those in this state. */
                state?: ("queued" | "running" | "ready" | "failed" | "cancelled") | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_PredictionView_"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error; `incomplete-result`: Tell an administrator: a published map's facts and the class table do not fit each other. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ask_predictions_post: {
        parameters: {
            query?: {
                /** @description Check and estimate; start and keep nothing. */
                validate_only?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PredictionRequest"];
            };
        };
        responses: {
            /** @description The map is there already: the result, no run, nothing counted. Or the estimate. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PredictionStarted"] | components["schemas"]["Estimate"];
                };
            };
            /** @description The job: a new one, or the one in flight. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PredictionStarted"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `not-found`: Check the address: there is no such thing, or it is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Timeout; `body-too-slow`: Send the body faster, or in smaller requests. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict; `no-champion`: Promote a model first: `geocrop promote VERSION --reason ...`.; `job-ending`: Ask again in some seconds: the former request for this map is being cancelled. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large; `body-too-large`: Send less: the message gives the limit. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-season`: Write a season as two years that follow each other, such as 2023-2024 (1 September 2023 to 31 August 2024).; `season-not-served`: Choose a season that has begun and that the archive has; the message names the first and the last one.; `invalid-aoi`: Send one closed, valid polygon in WGS 84 longitude and latitude; the message says what it lacks.; `aoi-outside-extent`: Draw the AOI inside the served extent; the message gives its bounds.; `aoi-too-large`: Draw a smaller AOI, or cut it into several; the message gives the limit. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too Many Requests; `quota-exceeded`: Ask an administrator for a higher limit; GET /quota tells what is left. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error; `incomplete-result`: Tell an administrator: a published map's facts and the class table do not fit each other. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `store-unavailable`: Start the object store or correct its address, keys or disk, then try again: it does not answer.; `registry-unavailable`: Check that MLflow is up and that GEOCROP_MLFLOW_URI names it. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    show_predictions__id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Of the prediction. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PredictionView"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `not-found`: Check the address: there is no such thing, or it is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error; `incomplete-result`: Tell an administrator: a published map's facts and the class table do not fit each other. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancel_predictions__id__delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Of the prediction. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its job is being cancelled; the events tell when it has ended. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PredictionView"];
                };
            };
            /** @description Forgotten: it had ended, or others wait for the same map. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `not-found`: Check the address: there is no such thing, or it is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error; `incomplete-result`: Tell an administrator: a published map's facts and the class table do not fit each other. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    follow_predictions__id__events_get: {
        parameters: {
            query?: {
                /** @description The same, for polyfills. */
                lastEventId?: number | null;
                /** @description Of `links.events`: EventSource sends no headers. */
                token?: string | null;
            };
            header?: {
                /** @description Go on after this event. */
                "last-event-id"?: number | null;
            };
            path: {
                /** @description Of the prediction. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `queued`, `progress`, then `ready`, `failed` or `cancelled`, which ends the stream. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description All was told: EventSource connects no more. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `link-refused`: Ask for the page again, which gives fresh links: this one is not valid, or its time is over. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `not-found`: Check the address: there is no such thing, or it is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error; `incomplete-result`: Tell an administrator: a published map's facts and the class table do not fit each other. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    pixel_predictions__id__pixel_get: {
        parameters: {
            query: {
                lat: number;
                lon: number;
            };
            header?: never;
            path: {
                /** @description Of the prediction. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PixelView"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `not-found`: Check the address: there is no such thing, or it is not yours.; `outside-bounds`: Ask inside the `bounds` of the TileJSON: there is no pixel of this raster here.; `object-not-found`: Check the key, or materialize the asset that writes it: the store has no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error; `unreadable-raster`: Report this as a fault of GeoCrop: the raster was published, but cannot be read. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `store-unavailable`: Start the object store or correct its address, keys or disk, then try again: it does not answer.; `tiles-busy`: Ask for this tile again in a few seconds: more are being drawn than may wait. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    show_quota_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QuotaView"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readyz_readyz_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    show_catalogue_stac_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    show_collection_stac_collections__collection__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                collection: "baselines" | "crop-maps";
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`.; `token-expired`: Log in again: the token's time is over.; `token-invalid`: Log in again: this is no token of this platform.; `token-revoked`: Log in again; if that fails, the account is disabled: ask an administrator. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `store-unavailable`: Start the object store or correct its address, keys or disk, then try again: it does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    show_item_stac_collections__collection__items__item_id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                collection: "baselines" | "crop-maps";
                item_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized; `not-authenticated`: Log in at POST /auth/token and send `Authorization: Bearer <token>`.; `token-expired`: Log in again: the token's time is over.; `token-invalid`: Log in again: this is no token of this platform.; `token-revoked`: Log in again; if that fails, the account is disabled: ask an administrator. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `not-found`: Check the address: there is no such thing, or it is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `store-unavailable`: Start the object store or correct its address, keys or disk, then try again: it does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    status_status_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StatusPage"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `service-down`: Try again in a little while; GET /status tells which service is down.; `database-unavailable`: Try again in a little while: the API's database does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    info_tiles_info_get: {
        parameters: {
            query: {
                /** @description The link's signature; baselines need none. */
                token?: string | null;
                /** @description The raster's address, as the API's links give it. */
                url: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RasterInfo"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `foreign-url`: Take the address from the API's own links: tiles are made of the platform's published rasters only.; `link-refused`: Ask for the page again, which gives fresh links: this one is not valid, or its time is over. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `outside-bounds`: Ask inside the `bounds` of the TileJSON: there is no pixel of this raster here.; `object-not-found`: Check the key, or materialize the asset that writes it: the store has no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error; `unreadable-raster`: Report this as a fault of GeoCrop: the raster was published, but cannot be read. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `tiles-busy`: Ask for this tile again in a few seconds: more are being drawn than may wait.; `store-unavailable`: Start the object store or correct its address, keys or disk, then try again: it does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    point_tiles_point__lon___lat__get: {
        parameters: {
            query: {
                /** @description The link's signature; baselines need none. */
                token?: string | null;
                /** @description The raster's address, as the API's links give it. */
                url: string;
            };
            header?: never;
            path: {
                lat: number;
                lon: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PointValues"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `foreign-url`: Take the address from the API's own links: tiles are made of the platform's published rasters only.; `link-refused`: Ask for the page again, which gives fresh links: this one is not valid, or its time is over. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `outside-bounds`: Ask inside the `bounds` of the TileJSON: there is no pixel of this raster here.; `object-not-found`: Check the key, or materialize the asset that writes it: the store has no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error; `unreadable-raster`: Report this as a fault of GeoCrop: the raster was published, but cannot be read. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `tiles-busy`: Ask for this tile again in a few seconds: more are being drawn than may wait.; `store-unavailable`: Start the object store or correct its address, keys or disk, then try again: it does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    preview_tiles_preview__format__get: {
        parameters: {
            query: {
                /** @description Band: class, confidence, clear observations. */
                bidx?: number;
                /** @description Longer side in pixels. */
                max_size?: number;
                /** @description The link's signature; baselines need none. */
                token?: string | null;
                /** @description The raster's address, as the API's links give it. */
                url: string;
            };
            header?: never;
            path: {
                format: "png" | "webp";
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description An image. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/png": unknown;
                    "image/webp": unknown;
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `foreign-url`: Take the address from the API's own links: tiles are made of the platform's published rasters only.; `link-refused`: Ask for the page again, which gives fresh links: this one is not valid, or its time is over. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `outside-bounds`: Ask inside the `bounds` of the TileJSON: there is no pixel of this raster here.; `object-not-found`: Check the key, or materialize the asset that writes it: the store has no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error; `unreadable-raster`: Report this as a fault of GeoCrop: the raster was published, but cannot be read. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `tiles-busy`: Ask for this tile again in a few seconds: more are being drawn than may wait.; `store-unavailable`: Start the object store or correct its address, keys or disk, then try again: it does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    tile_tiles_WebMercatorQuad__z___x___y___format__get: {
        parameters: {
            query: {
                /** @description Band: class, confidence, clear observations. */
                bidx?: number;
                tilesize?: number;
                /** @description The link's signature; baselines need none. */
                token?: string | null;
                /** @description The raster's address, as the API's links give it. */
                url: string;
            };
            header?: never;
            path: {
                format: "png" | "webp";
                x: number;
                y: number;
                z: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description An image. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/png": unknown;
                    "image/webp": unknown;
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `foreign-url`: Take the address from the API's own links: tiles are made of the platform's published rasters only.; `link-refused`: Ask for the page again, which gives fresh links: this one is not valid, or its time is over. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `outside-bounds`: Ask inside the `bounds` of the TileJSON: there is no pixel of this raster here.; `object-not-found`: Check the key, or materialize the asset that writes it: the store has no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error; `unreadable-raster`: Report this as a fault of GeoCrop: the raster was published, but cannot be read. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `tiles-busy`: Ask for this tile again in a few seconds: more are being drawn than may wait.; `store-unavailable`: Start the object store or correct its address, keys or disk, then try again: it does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    tilejson_tiles_WebMercatorQuad_tilejson_json_get: {
        parameters: {
            query: {
                /** @description Band: class, confidence, clear observations. */
                bidx?: number;
                /** @description The link's signature; baselines need none. */
                token?: string | null;
                /** @description The raster's address, as the API's links give it. */
                url: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TileJson"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden; `foreign-url`: Take the address from the API's own links: tiles are made of the platform's published rasters only.; `link-refused`: Ask for the page again, which gives fresh links: this one is not valid, or its time is over. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found; `outside-bounds`: Ask inside the `bounds` of the TileJSON: there is no pixel of this raster here.; `object-not-found`: Check the key, or materialize the asset that writes it: the store has no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity; `invalid-request`: Correct the fields that `errors` names. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error; `unreadable-raster`: Report this as a fault of GeoCrop: the raster was published, but cannot be read. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `tiles-busy`: Ask for this tile again in a few seconds: more are being drawn than may wait.; `store-unavailable`: Start the object store or correct its address, keys or disk, then try again: it does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    workflow_workflow_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkflowView"];
                };
            };
            /** @description Bad Request; `malformed-request`: Send a well-formed request: the message says what could not be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable; `orchestrator-unavailable`: Start Dagster's webserver, or wait until its code location is loaded: it does not answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
