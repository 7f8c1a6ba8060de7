-- Beside the database `dondoc`, which the image makes itself.
CREATE DATABASE prefect;
