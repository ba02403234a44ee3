-- One server, three databases: the prediction store (made by the image itself), models and runs, flows.
CREATE DATABASE mlflow;
CREATE DATABASE prefect;
\connect prefect
CREATE EXTENSION IF NOT EXISTS pg_trgm;
